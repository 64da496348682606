import { Checkbox, Skeleton, Stack, Table, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { NoticeKind, Ways } from "@/api/types";
import { ProblemView } from "@/components/problem-view";
import { choicesQuery, KINDS, useSetChoices } from "./queries";

const WAYS = ["app", "mail"] as const;

/** Which notices this person wants, by which ways. A tick is saved at once. */
export function NoticeChoices() {
  const { t } = useTranslation();
  const { data, error, refetch } = useQuery(choicesQuery);
  const set = useSetChoices();
  // What was ticked counts at once; the server's word on it comes later.
  const [ticked, setTicked] = useState<Partial<Record<NoticeKind, Ways>>>({});
  if (error) return <ProblemView error={error} onRetry={() => refetch()} />;
  if (!data) return <Skeleton h={240} aria-hidden />;

  function tick(kind: NoticeKind, ways: Ways) {
    setTicked({ ...ticked, [kind]: ways });
    set.mutate({ [kind]: ways }, { onError: () => setTicked({}) });
  }

  return (
    <Stack gap="xs" id="notices">
      {set.error && <ProblemView error={set.error} />}
      <Table.ScrollContainer minWidth={280}>
        <Table verticalSpacing={6} horizontalSpacing="xs">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t("notices.settings.what")}</Table.Th>
              {WAYS.map((way) => (
                <Table.Th key={way}>{t(`notices.settings.${way}`)}</Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {KINDS.map((kind) => {
              const ways: Ways = ticked[kind] ?? data.kinds[kind] ?? { app: true, mail: true };
              const label = t(`notices.kinds.${kind}`);
              return (
                <Table.Tr key={kind}>
                  <Table.Td>{label}</Table.Td>
                  {WAYS.map((way) => (
                    <Table.Td key={way}>
                      <Checkbox
                        checked={ways[way]}
                        disabled={way === "mail" && !data.mail}
                        aria-label={t("notices.settings.way", {
                          kind: label,
                          way: t(`notices.settings.${way}`),
                        })}
                        onChange={(event) => tick(kind, { ...ways, [way]: event.currentTarget.checked })}
                      />
                    </Table.Td>
                  ))}
                </Table.Tr>
              );
            })}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      {!data.mail && (
        <Text size="sm" c="dimmed">
          {t("notices.settings.noMail")}
        </Text>
      )}
    </Stack>
  );
}
