import "@/i18n/composing";
import { Button, Group, Stack, Text } from "@mantine/core";
import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Channel } from "@/api/types";
import { useNetworkMap } from "@/app/queries";
import { Confirm } from "@/components/confirm";
import type { FindingGroup } from "./findings";
import { GLOBAL, isCustomised, losesText, type Scope } from "./model";
import { PartsEditor } from "./parts-editor";
import { SettingsForm } from "./settings-form";
import type { Check } from "./use-check";
import type { Composer } from "./use-composer";

const FollowingForm = lazy(() =>
  import("@/features/plugs/following-form").then((module) => ({ default: module.FollowingForm })),
);

interface Props {
  composer: Composer;
  scope: Scope;
  channel: Channel | null;
  check: Check;
  groups: FindingGroup[];
  networkOf: (id: string) => string;
}

/** What a tab holds: the parts, and for a channel whether they are its own, and its network's settings. */
export function ScopePanel({ composer, scope, channel, check, groups, networkOf }: Props) {
  const { draft, dispatch } = composer;
  const network = useNetworkMap().get(channel?.network ?? "");
  const own = channel ? isCustomised(draft, channel.id) : false;
  const readers = scope === GLOBAL ? draft.channels.filter((id) => !isCustomised(draft, id)) : [scope];
  return (
    <Stack gap="md">
      {channel && <Tailoring composer={composer} channel={channel} own={own} />}
      <PartsEditor
        composer={composer}
        scope={scope}
        check={check}
        groups={groups}
        channels={readers}
        channelName={networkOf}
        readOnly={channel !== null && !own}
      />
      {channel && network && (
        <SettingsForm
          channel={channel.id}
          network={network.name}
          schema={network.settings_schema}
          values={draft.variants[channel.id]?.settings ?? {}}
          groups={groups}
          onChange={(name, value) => dispatch({ type: "setting", channel: channel.id, name, value })}
        />
      )}
      {channel && network && (
        <Suspense fallback={null}>
          <FollowingForm
            channel={channel}
            network={network}
            plugs={draft.variants[channel.id]?.plugs ?? []}
            groups={groups}
            onChange={(plugs) => dispatch({ type: "plugs", channel: channel.id, plugs })}
          />
        </Suspense>
      )}
    </Stack>
  );
}

function Tailoring({ composer, channel, own }: { composer: Composer; channel: Channel; own: boolean }) {
  const { t } = useTranslation();
  const [asking, setAsking] = useState(false);
  const { draft, dispatch } = composer;
  const reset = () => {
    setAsking(false);
    dispatch({ type: "reset", channel: channel.id });
  };
  return (
    <>
      <Group gap="sm" justify="space-between">
        <Text size="sm" c="dimmed" flex="1 1 14rem">
          {t(own ? "composer.tailor.own" : "composer.tailor.global", { name: channel.name })}
        </Text>
        {own ? (
          <Button
            size="xs"
            variant="default"
            onClick={() => (losesText(draft, channel.id) ? setAsking(true) : reset())}
          >
            {t("composer.tailor.back")}
          </Button>
        ) : (
          <Button
            size="xs"
            variant="light"
            onClick={() => dispatch({ type: "customise", channel: channel.id })}
          >
            {t("composer.tailor.start")}
          </Button>
        )}
      </Group>
      <Confirm
        opened={asking}
        title={t("composer.tailor.backTitle")}
        confirmLabel={t("composer.tailor.backYes")}
        danger
        onConfirm={reset}
        onClose={() => setAsking(false)}
      >
        {t("composer.tailor.backText", { name: channel.name })}
      </Confirm>
    </>
  );
}
