import { type MantineColorScheme, useMantineColorScheme } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { Choice } from "./profile-form";

/** Takes effect at once, and is kept on this device. */
export function ThemeChoice() {
  const { t } = useTranslation();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  return (
    <Choice
      label={t("shell.theme.label")}
      value={colorScheme}
      options={(["light", "dark", "auto"] as const).map((value) => ({
        value,
        label: t(`shell.theme.${value}`),
      }))}
      onChange={(value) => setColorScheme(value as MantineColorScheme)}
    />
  );
}
