import "@/i18n/connecting";
import { Badge, Button, Skeleton, Stack, Text } from "@mantine/core";
import { IconLink, IconPlus } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Invite } from "@/api/types";
import { useFormat } from "@/app/format";
import { useNetworkMap } from "@/app/queries";
import { useSession } from "@/app/session";
import { Confirm } from "@/components/confirm";
import { Empty } from "@/components/empty";
import { Page } from "@/components/page";
import { ProblemView } from "@/components/problem-view";
import { toast } from "@/components/toast";
import classes from "@/features/settings/list.module.css";
import { managesWorkspace } from "@/features/settings/workspace-form";
import { NewLink } from "./new-link";
import { invitesQuery, useInviteActions } from "./queries";

/** The workspace's invite links: make one, see what came of it, end it. */
export function InviteLinksPage() {
  const { t } = useTranslation();
  const { workspace } = useSession();
  const manages = managesWorkspace(workspace.role);
  const list = useQuery({ ...invitesQuery(workspace.id), enabled: manages });
  const { create, revoke } = useInviteActions();
  const [dialog, setDialog] = useState<"new" | Invite | null>(null);
  const doomed = dialog !== null && dialog !== "new" ? dialog : null;
  const close = () => {
    create.reset();
    revoke.reset();
    setDialog(null);
  };
  const make = (
    <Button leftSection={<IconPlus size={18} aria-hidden />} onClick={() => setDialog("new")}>
      {t("inviteLinks.create")}
    </Button>
  );
  return (
    <Page
      title={t("inviteLinks.title")}
      lead={t("inviteLinks.lead")}
      width="reading"
      actions={list.data?.length ? make : null}
    >
      {!manages && <Text>{t("inviteLinks.notAllowed")}</Text>}
      {list.error && <ProblemView error={list.error} onRetry={() => list.refetch()} />}
      {manages && list.isPending && <Skeleton h={74} radius="md" aria-hidden />}
      {list.data?.length === 0 && (
        <Empty icon={<IconLink size={40} />} title={t("inviteLinks.empty")} text={t("inviteLinks.emptyText")}>
          {make}
        </Empty>
      )}
      {list.data && list.data.length > 0 && (
        <ul className={classes.list}>
          {list.data.map((invite) => (
            <Row key={invite.id} invite={invite} onRevoke={() => setDialog(invite)} />
          ))}
        </ul>
      )}
      {dialog === "new" && <NewLink create={create} onClose={close} />}
      <Confirm
        opened={doomed !== null}
        title={t("inviteLinks.revokeTitle", { name: doomed?.name ?? "" })}
        confirmLabel={t("inviteLinks.revoke")}
        danger
        busy={revoke.isPending}
        error={revoke.error}
        onClose={close}
        onConfirm={() =>
          doomed &&
          revoke.mutate(doomed.id, {
            onSuccess: () => {
              toast.done(t("inviteLinks.revoked"));
              close();
            },
          })
        }
      >
        {t("inviteLinks.revokeText")}
      </Confirm>
    </Page>
  );
}

function Row({ invite, onRevoke }: { invite: Invite; onRevoke: () => void }) {
  const { t } = useTranslation();
  const format = useFormat();
  const networks = useNetworkMap();
  const facts = [
    t("inviteLinks.used", { uses: invite.uses, count: invite.max_uses }),
    t("inviteLinks.until", { when: format.date(invite.expires_at) }),
    t("inviteLinks.by", { name: invite.created_by }),
  ];
  return (
    <li className={classes.row}>
      <Stack gap={2} miw={0}>
        <Text size="sm" fw={600} className={classes.clip}>
          {invite.name}
        </Text>
        <Text size="xs" c="dimmed">
          {invite.networks.map((id) => networks.get(id)?.name ?? id).join(", ")}
        </Text>
        <Text size="xs" c="dimmed">
          {facts.join(" · ")}
        </Text>
      </Stack>
      {invite.state === "open" ? (
        <Button
          size="xs"
          variant="default"
          onClick={onRevoke}
          aria-label={t("inviteLinks.revokeOf", { name: invite.name })}
        >
          {t("inviteLinks.revoke")}
        </Button>
      ) : (
        <Badge variant="outline" color="gray" autoContrast style={{ flexShrink: 0 }}>
          {t(`inviteLinks.state.${invite.state}`)}
        </Badge>
      )}
    </li>
  );
}
