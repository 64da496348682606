import { Radio, Stack } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { RepeatScope } from "./queries";

interface Props {
  scope: RepeatScope;
  onScope: (scope: RepeatScope) => void;
}

/** Of a post that repeats: whether those that follow are meant, too. */
export function RepeatScopeChoice({ scope, onScope }: Props) {
  const { t } = useTranslation();
  return (
    <Radio.Group
      label={t("post.scope.label")}
      value={scope}
      onChange={(value) => onScope(value === "following" ? "following" : "this")}
    >
      <Stack gap={6} mt={6}>
        <Radio value="this" label={t("post.scope.this")} />
        <Radio value="following" label={t("post.scope.following")} />
      </Stack>
    </Radio.Group>
  );
}
