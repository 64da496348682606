import "@/i18n/afterwards";
import { Alert, Button, Group, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import type { Channel, Network, Post, Publication } from "@/api/types";
import { useFormat } from "@/app/format";
import { useSession } from "@/app/session";
import { Confirm } from "@/components/confirm";
import { DiagnosisView } from "@/components/diagnosis-view";
import { toast } from "@/components/toast";
import { NumbersPanel } from "@/features/numbers/panel";
import { publicationNumbersQuery } from "@/features/numbers/queries";
import { PlugList } from "@/features/plugs/plug-list";
import classes from "./publication-card.module.css";
import { useRemove } from "./queries";

const EditPublished = lazy(() =>
  import("./edit-published").then((module) => ({ default: module.EditPublished })),
);

interface Props {
  post: Post;
  publication: Publication;
  channel: Channel | undefined;
  network: Network | undefined;
}

/** What comes after publishing: its numbers, and what can still be done with it on the network. */
export function Afterwards({ post, publication, channel, network }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const [asking, setAsking] = useState<"edit" | "remove" | null>(null);
  const remove = useRemove(post.id);
  const networkName = network?.name ?? publication.network;
  const name = channel?.name ?? networkName;
  const waits = publication.wish && !publication.wish.refused;
  // A deleted channel has no sign-in to do it with.
  const may = channel && !waits && !publication.removed_at && publication.remote_id;
  const close = () => setAsking(null);
  const there = (when: string) => ({ network: networkName, when: format.dateTime(when) });
  return (
    <>
      {publication.edited_at && !publication.removed_at && (
        <Text size="sm">{t("afterwards.edited", there(publication.edited_at))}</Text>
      )}
      {publication.removed_at && (
        <Text size="sm" fw={600}>
          {t("afterwards.removed", there(publication.removed_at))}
        </Text>
      )}
      {waits && (
        <Text size="sm">
          {t(publication.wish?.kind === "remove" ? "afterwards.removing" : "afterwards.changing")}
        </Text>
      )}
      <Refused
        publication={publication}
        onAgain={may ? () => setAsking(publication.wish?.kind === "remove" ? "remove" : "edit") : undefined}
      />
      {may && (network?.abilities.edit || network?.abilities.delete) && (
        <Group gap="xs">
          {network.abilities.edit && (
            <Button size="xs" variant="default" onClick={() => setAsking("edit")}>
              {t("afterwards.edit", { network: networkName })} …
            </Button>
          )}
          {network.abilities.delete && (
            <Button size="xs" variant="default" onClick={() => setAsking("remove")}>
              {t("afterwards.remove", { network: networkName })} …
            </Button>
          )}
        </Group>
      )}
      {asking === "edit" && channel && (
        <Suspense fallback={null}>
          <EditPublished post={post} publication={publication} channel={channel} onClose={close} />
        </Suspense>
      )}
      <Confirm
        opened={asking === "remove"}
        title={t("afterwards.removeTitle", { channel: name })}
        confirmLabel={t("afterwards.removeConfirm")}
        danger
        busy={remove.isPending}
        error={remove.error}
        onClose={() => {
          remove.reset();
          close();
        }}
        onConfirm={() =>
          remove.mutate(publication.id, {
            onSuccess: () => {
              close();
              toast.done(t("afterwards.removeAsked"));
            },
          })
        }
      >
        {t("afterwards.removeText", { network: networkName })}
      </Confirm>
      <PlugList plugs={publication.plugs} />
      <PostNumbers publication={publication} networkName={networkName} />
    </>
  );
}

/** Why the network did not do what was wanted of it. */
function Refused({ publication, onAgain }: { publication: Publication; onAgain: (() => void) | undefined }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const refused = publication.wish?.refused;
  if (!refused) return null;
  if (refused.diagnosis) {
    const reconnect = () =>
      void navigate({
        to: "/channels/add/$network",
        params: { network: publication.network },
        search: { channel: publication.channel_id },
      });
    const act = refused.diagnosis.next.kind === "reconnect" ? reconnect : onAgain;
    return <DiagnosisView diagnosis={refused.diagnosis} onNext={act} headingOrder={3} />;
  }
  return (
    <Alert color="red" variant="light" title={refused.title} p="xs" classNames={{ message: classes.message }}>
      {refused.message}
      {onAgain && (
        <div>
          <Button size="compact-sm" variant="default" mt="xs" onClick={onAgain}>
            {t("afterwards.again")} …
          </Button>
        </div>
      )}
    </Alert>
  );
}

function PostNumbers({ publication, networkName }: { publication: Publication; networkName: string }) {
  const { t } = useTranslation();
  const { workspace } = useSession();
  const [open, setOpen] = useState(false);
  const numbers = useQuery({ ...publicationNumbersQuery(workspace.id, publication.id), enabled: open });
  return (
    <details className={classes.history} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{t("numbers.title")}</summary>
      {open && <NumbersPanel numbers={numbers} networkName={networkName} none="numbers.noneOfPosts" />}
    </details>
  );
}
