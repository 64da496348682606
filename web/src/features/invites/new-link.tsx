import "@/i18n/connecting";
import {
  Button,
  Code,
  Group,
  Modal,
  MultiSelect,
  NumberInput,
  Select,
  Stack,
  Text,
  TextInput,
} from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { asProblem, fieldErrors } from "@/api/problem";
import { useNetworks } from "@/app/queries";
import { instantString } from "@/app/zoned";
import { CopyButton } from "@/components/copy-button";
import { FormProblem } from "@/components/problem-view";
import classes from "@/features/settings/list.module.css";
import type { useInviteActions } from "./queries";

const LIVES = ["1", "7", "30", "90"] as const;
const FIELDS = {
  "/name": "name",
  "/networks": "networks",
  "/max_uses": "uses",
  "/expires_at": "life",
} as const;

interface Props {
  create: ReturnType<typeof useInviteActions>["create"];
  onClose: () => void;
}

/** Asks for whom and what, then shows the link once. */
export function NewLink({ create, onClose }: Props) {
  const { t } = useTranslation();
  const close = { "aria-label": t("common.close") };
  if (create.data) {
    const { name, link } = create.data;
    return (
      <Modal
        opened
        onClose={onClose}
        title={t("inviteLinks.madeTitle", { name })}
        closeButtonProps={close}
        closeOnClickOutside={false}
      >
        <Stack gap="sm">
          <Text size="sm">{t("inviteLinks.once")}</Text>
          <Code block className={classes.secret}>
            {link}
          </Code>
          <Group justify="space-between">
            <CopyButton value={link} label={t("inviteLinks.copy")} data-autofocus />
            <Button onClick={onClose}>{t("inviteLinks.done")}</Button>
          </Group>
        </Stack>
      </Modal>
    );
  }
  return (
    <Modal opened onClose={onClose} title={t("inviteLinks.newTitle")} closeButtonProps={close}>
      <LinkForm create={create} onClose={onClose} />
    </Modal>
  );
}

function LinkForm({ create, onClose }: Props) {
  const { t } = useTranslation();
  const known = useNetworks().data ?? [];
  const [name, setName] = useState("");
  const [networks, setNetworks] = useState<string[]>([]);
  const [uses, setUses] = useState<number | string>(1);
  const [life, setLife] = useState<string>("7");
  const [missing, setMissing] = useState({ name: false, networks: false });
  const problem = create.error ? asProblem(create.error) : null;
  const { byField, others } = fieldErrors(problem, FIELDS);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const lacks = { name: !name.trim(), networks: networks.length === 0 };
    setMissing(lacks);
    if (lacks.name || lacks.networks) return;
    create.mutate({
      name: name.trim(),
      networks,
      max_uses: Number(uses) || 1,
      expires_at: instantString(Date.now() + Number(life) * 86_400_000),
    });
  };
  return (
    <form onSubmit={submit} noValidate>
      <Stack gap="sm">
        <FormProblem problem={problem} others={others} />
        <TextInput
          label={t("inviteLinks.name")}
          description={t("inviteLinks.nameText")}
          maxLength={100}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          error={missing.name ? t("settings.needName") : byField.name}
          data-autofocus
        />
        <MultiSelect
          label={t("inviteLinks.networks")}
          description={t("inviteLinks.networksText")}
          data={known.map((network) => ({ value: network.id, label: network.name }))}
          value={networks}
          onChange={setNetworks}
          error={missing.networks ? t("inviteLinks.needNetwork") : byField.networks}
          searchable
        />
        <Button
          variant="default"
          size="compact-sm"
          style={{ alignSelf: "flex-start" }}
          onClick={() => setNetworks(known.map((network) => network.id))}
        >
          {t("inviteLinks.networksAll")}
        </Button>
        <NumberInput
          label={t("inviteLinks.uses")}
          description={t("inviteLinks.usesText")}
          min={1}
          max={100}
          allowDecimal={false}
          value={uses}
          onChange={setUses}
          error={byField.uses}
        />
        <Select
          label={t("inviteLinks.life")}
          data={LIVES.map((value) => ({ value, label: t(`inviteLinks.lives.${value}`) }))}
          value={life}
          onChange={(value) => setLife(value ?? "7")}
          allowDeselect={false}
          error={byField.life}
        />
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            {t("common.cancel")}
          </Button>
          <Button type="submit" loading={create.isPending}>
            {t("inviteLinks.createNow")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
