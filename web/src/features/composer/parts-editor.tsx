import "@/i18n/composing";
import {
  closestCenter,
  DndContext,
  type DragEndEvent,
  KeyboardSensor,
  PointerSensor,
  useSensor,
  useSensors,
} from "@dnd-kit/core";
import { SortableContext, sortableKeyboardCoordinates, verticalListSortingStrategy } from "@dnd-kit/sortable";
import { Button } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { useChannelMap, useNetworkMap } from "@/app/queries";
import { type FindingGroup, fieldId, findingsAt, fitsOf, tightest } from "./findings";
import { markingsOf } from "./formats";
import { GLOBAL, partsOf, type Scope } from "./model";
import { PartCard } from "./part-card";
import classes from "./part-card.module.css";
import type { Check } from "./use-check";
import type { Composer } from "./use-composer";

interface Props {
  composer: Composer;
  scope: Scope;
  check: Check;
  groups: FindingGroup[];
  /** The channels that get these parts. */
  channels: string[];
  channelName: (id: string) => string;
  readOnly: boolean;
}

/** The parts of Global, or of one channel, in order. */
export function PartsEditor({ composer, scope, check, groups, channels, channelName, readOnly }: Props) {
  const { t } = useTranslation();
  const { draft, dispatch, uploads, files } = composer;
  const parts = partsOf(draft, scope);
  const known = useChannelMap();
  const networks = useNetworkMap();
  const readers = channels.flatMap((id) => networks.get(known.get(id)?.network ?? "") ?? []);
  const markings = markingsOf(readers.map((network) => network.formatting));
  // Another network knows other people: Global text names nobody for all.
  const asked = scope === GLOBAL ? undefined : networks.get(known.get(scope)?.network ?? "");
  const mentions = asked?.abilities.mentions ? scope : "";
  const plain = readers.filter((network) => network.editor === "plain").map((network) => network.name);
  const sensors = useSensors(
    useSensor(PointerSensor, { activationConstraint: { distance: 6 } }),
    useSensor(KeyboardSensor, { coordinateGetter: sortableKeyboardCoordinates }),
  );
  const focusPart = (index: number) =>
    requestAnimationFrame(() =>
      document.getElementById(fieldId({ scope, part: index, field: "text" }))?.focus(),
    );
  const move = (part: string, to: number) => {
    if (to < 0 || to >= parts.length) return;
    dispatch({ type: "movePart", scope, part, to });
  };
  const end = ({ active, over }: DragEndEvent) => {
    const to = parts.findIndex((part) => part.key === over?.id);
    if (to >= 0 && active.id !== over?.id) move(String(active.id), to);
  };
  const label = (id: unknown) =>
    t("composer.parts.label", {
      number: parts.findIndex((part) => part.key === id) + 1,
      count: parts.length,
    });
  const last = parts.at(-1);
  return (
    <DndContext
      sensors={sensors}
      collisionDetection={closestCenter}
      onDragEnd={end}
      accessibility={{
        screenReaderInstructions: { draggable: t("composer.parts.dragHelp") },
        announcements: {
          onDragStart: ({ active }) => t("composer.parts.lifted", { part: label(active.id) }),
          onDragOver: ({ active, over }) =>
            over ? t("composer.parts.over", { part: label(active.id), place: label(over.id) }) : "",
          onDragEnd: ({ active }) => t("composer.parts.dropped", { part: label(active.id) }),
          onDragCancel: ({ active }) => t("composer.parts.dropped", { part: label(active.id) }),
        },
      }}
    >
      <SortableContext
        items={parts.map((part) => part.key)}
        strategy={verticalListSortingStrategy}
        disabled={readOnly || parts.length < 2}
      >
        <ol className={classes.list}>
          {parts.map((part, index) => {
            const count = tightest(check.data, index, channels);
            return (
              <PartCard
                key={part.key}
                part={part}
                index={index}
                count={parts.length}
                scope={scope}
                readOnly={readOnly}
                mentions={mentions}
                markings={markings}
                plain={[...new Set(plain)]}
                files={files}
                uploads={uploads}
                counter={count}
                counterChannel={count && channels.length > 1 ? channelName(count.channel) : null}
                stale={check.stale}
                textFindings={findingsAt(groups, { scope, part: index, field: "text" })}
                mediaFindings={findingsAt(groups, { scope, part: index, field: "media" })}
                fits={(stored) => fitsOf(check.data, index, stored, channels, channelName)}
                onText={(text) => dispatch({ type: "text", scope, part: part.key, text })}
                onFormat={(format) => dispatch({ type: "format", scope, part: part.key, format })}
                onDelay={(minutes) => dispatch({ type: "delay", scope, part: part.key, minutes })}
                onMove={(to, focus) => {
                  move(part.key, to);
                  if (focus) focusPart(Math.max(0, Math.min(parts.length - 1, to)));
                }}
                onRemove={() => {
                  dispatch({ type: "removePart", scope, part: part.key });
                  focusPart(Math.max(0, index - 1));
                }}
                onFiles={(list) =>
                  dispatch({
                    type: "addMedia",
                    scope,
                    part: part.key,
                    items: uploads.add(list).map((key) => ({ key, id: null, alt: "" })),
                  })
                }
                onPicked={(items) => dispatch({ type: "addMedia", scope, part: part.key, items })}
                onMoveMedia={(media, to) => dispatch({ type: "moveMedia", scope, part: part.key, media, to })}
                onRemoveMedia={(media) => dispatch({ type: "removeMedia", scope, part: part.key, media })}
                onAlt={(media, alt) => dispatch({ type: "alt", scope, part: part.key, media, alt })}
              />
            );
          })}
        </ol>
      </SortableContext>
      {!readOnly && last && (
        <Button
          variant="subtle"
          size="compact-sm"
          mt="xs"
          w="fit-content"
          leftSection={<IconPlus size={16} aria-hidden />}
          onClick={() => {
            dispatch({ type: "addPart", scope, after: last.key });
            focusPart(parts.length);
          }}
        >
          {t("composer.parts.add")}
        </Button>
      )}
    </DndContext>
  );
}
