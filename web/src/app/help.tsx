import { Group, Kbd, Modal, Stack, Text, Title } from "@mantine/core";
import { Fragment } from "react";
import { useTranslation } from "react-i18next";

interface Props {
  onClose: () => void;
}

export function Help({ onClose }: Props) {
  const { t } = useTranslation();
  const groups = [
    {
      title: t("shell.help.everywhere"),
      rows: [
        [["c"], t("shell.help.compose")],
        [["g", "c"], t("shell.help.goCalendar")],
        [["g", "h"], t("shell.help.goChannels")],
        [["g", "s"], t("shell.help.goSettings")],
        [["?"], t("shell.help.help")],
      ] as const,
    },
    {
      title: t("shell.help.inCalendar"),
      rows: [
        [["← ↑ → ↓"], t("shell.help.arrows")],
        [["Enter"], t("shell.help.enter")],
        [["e"], t("shell.help.edit")],
        [["m"], t("shell.help.move")],
        [["x"], t("shell.help.select")],
        [["t"], t("shell.help.today")],
        [["j / k"], t("shell.help.step")],
        [["1 – 4"], t("shell.help.views")],
      ] as const,
    },
    {
      title: t("shell.help.inComposer"),
      rows: [
        [["Ctrl + Enter"], t("shell.help.send")],
        [["Ctrl + S"], t("shell.help.saveDraft")],
        [["Alt + ↑ / ↓"], t("shell.help.partMove")],
      ] as const,
    },
  ];
  return (
    <Modal
      opened
      onClose={onClose}
      title={t("shell.help.title")}
      closeButtonProps={{ "aria-label": t("common.close") }}
    >
      <Stack gap="lg">
        {groups.map((group) => (
          <section key={group.title}>
            <Title order={3} size="h5" mb="xs">
              {group.title}
            </Title>
            <Stack gap={6}>
              {group.rows.map(([combo, label]) => (
                <Group key={label} justify="space-between" wrap="nowrap" gap="md">
                  <Text size="sm">{label}</Text>
                  <Text size="sm" component="span" style={{ whiteSpace: "nowrap" }}>
                    {combo.map((key, index) => (
                      <Fragment key={key + String(index)}>
                        {index > 0 && ` ${t("shell.help.thenKey")} `}
                        <Kbd>{key}</Kbd>
                      </Fragment>
                    ))}
                  </Text>
                </Group>
              ))}
            </Stack>
          </section>
        ))}
      </Stack>
    </Modal>
  );
}
