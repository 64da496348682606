import "@/i18n/plugs";
import { Button, Group, NumberInput, Skeleton, Stack, Switch, Text, Textarea, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { asProblem, fieldErrors } from "@/api/problem";
import type { ChannelPlugs as Plugs } from "@/api/types";
import { useSession } from "@/app/session";
import { FormProblem, ProblemView } from "@/components/problem-view";
import { toast } from "@/components/toast";
import { channelPlugsQuery, useSetChannelPlugs } from "./queries";

interface Props {
  channel: string;
  networkName: string;
  manages: boolean;
}

/** What a channel does by itself with its posts that get likes enough. */
export function ChannelPlugs(props: Props) {
  const { t } = useTranslation();
  const { workspace } = useSession();
  const query = useQuery(channelPlugsQuery(workspace.id, props.channel));
  return (
    <section aria-labelledby="channel-plugs">
      <Title order={2} id="channel-plugs">
        {t("plugs.title")}
      </Title>
      {query.error && <ProblemView error={query.error} onRetry={() => void query.refetch()} />}
      {query.isPending && <Skeleton h={120} aria-hidden />}
      {query.data && <Loaded key={JSON.stringify(query.data)} {...props} plugs={query.data} />}
    </section>
  );
}

function Loaded({ channel, networkName, manages, plugs }: Props & { plugs: Plugs }) {
  const { t } = useTranslation();
  const set = useSetChannelPlugs(channel, () => toast.done(t("plugs.saved")));
  const [repost, setRepost] = useState(plugs.repost);
  const [comment, setComment] = useState(plugs.comment);
  if (!plugs.can_repost && !plugs.can_comment) {
    return (
      <Text size="sm" c="dimmed">
        {t("plugs.none", { network: networkName })}
      </Text>
    );
  }
  const changed = JSON.stringify([repost, comment]) !== JSON.stringify([plugs.repost, plugs.comment]);
  // What was refused is history once it is another.
  const change = (make: () => void) => {
    if (set.error) set.reset();
    make();
  };
  const problem = set.error ? asProblem(set.error) : null;
  const { byField, others } = fieldErrors(problem, {
    "/repost": "repost",
    "/comment": "comment",
    "/comment/text": "words",
  });
  return (
    <Stack gap="sm">
      <Text size="sm" c="dimmed">
        {t("plugs.text", { count: plugs.watched_days })} {t("plugs.looks")}
      </Text>
      {!manages && (
        <Text size="sm" c="dimmed">
          {t("plugs.readOnly")}
        </Text>
      )}
      {plugs.can_repost && (
        <Rule
          label={t("plugs.repost")}
          rule={repost}
          disabled={!manages}
          error={byField.repost}
          onChange={(rule) => change(() => setRepost({ ...repost, ...rule }))}
        />
      )}
      {plugs.can_comment && (
        <Rule
          label={t("plugs.comment")}
          rule={comment}
          disabled={!manages}
          error={byField.comment}
          onChange={(rule) => change(() => setComment({ ...comment, ...rule }))}
        />
      )}
      {plugs.can_comment && comment.enabled && (
        <Textarea
          label={t("plugs.words")}
          description={t("plugs.wordsHelp")}
          autosize
          minRows={2}
          maw="32rem"
          value={comment.text}
          disabled={!manages}
          error={byField.words}
          onChange={(event) => {
            const text = event.currentTarget.value;
            change(() => setComment({ ...comment, text }));
          }}
        />
      )}
      <FormProblem problem={problem} others={others} />
      {manages && (
        <Group>
          <Button onClick={() => set.mutate({ repost, comment })} loading={set.isPending} disabled={!changed}>
            {t("plugs.save")}
          </Button>
        </Group>
      )}
    </Stack>
  );
}

interface RuleProps {
  label: string;
  rule: { enabled: boolean; likes: number };
  disabled: boolean;
  error: string | undefined;
  onChange: (rule: { enabled?: boolean; likes?: number }) => void;
}

function Rule({ label, rule, disabled, error, onChange }: RuleProps) {
  const { t } = useTranslation();
  return (
    <Group gap="md" align="flex-end" maw="32rem">
      <Switch
        label={label}
        checked={rule.enabled}
        disabled={disabled}
        onChange={(event) => onChange({ enabled: event.currentTarget.checked })}
        flex="1 1 16rem"
        mb={6}
      />
      {rule.enabled && (
        <NumberInput
          label={t("plugs.likes")}
          aria-label={`${label}: ${t("plugs.likes")}`}
          min={1}
          max={1_000_000}
          allowDecimal={false}
          value={rule.likes}
          disabled={disabled}
          error={error}
          onChange={(likes) => typeof likes === "number" && onChange({ likes })}
          w="8rem"
        />
      )}
    </Group>
  );
}
