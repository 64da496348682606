import { Button, Group, Text, TextInput, Title } from "@mantine/core";
import { IconExternalLink } from "@tabler/icons-react";
import { type FormEvent, useState } from "react";
import { useTranslation } from "react-i18next";
import { asProblem, fieldErrors } from "@/api/problem";
import { Confirm } from "@/components/confirm";
import { toast } from "@/components/toast";
import type { DecideProps } from "./publication-card";
import classes from "./publication-card.module.css";

/** Sent, and the answer was lost: a person looks, and says whether it is there. */
export function Unconfirmed({ channel, networkName, decide }: DecideProps) {
  const { t } = useTranslation();
  const [step, setStep] = useState<"choose" | "link" | "again">("choose");
  const profile =
    channel?.profile_url && /^https?:\/\//i.test(channel.profile_url) ? channel.profile_url : null;
  const again = () =>
    decide.mutate(
      { kind: "sendAgain" },
      {
        onSuccess: () => {
          setStep("choose");
          toast.done(t("post.retried"));
        },
      },
    );
  return (
    <section className={classes.ask}>
      <Title order={3} size="h5">
        {t("post.unconfirmed.title")}
      </Title>
      <Text size="sm">{t("post.unconfirmed.text", { network: networkName })}</Text>
      {step === "link" ? (
        <LinkForm networkName={networkName} decide={decide} onBack={() => setStep("choose")} />
      ) : (
        <Group gap="xs">
          {profile && (
            <Button
              component="a"
              href={profile}
              target="_blank"
              rel="noreferrer"
              size="xs"
              variant="default"
              rightSection={<IconExternalLink size={14} aria-hidden />}
            >
              {t("post.unconfirmed.look")}
            </Button>
          )}
          <Button size="xs" onClick={() => setStep("link")}>
            {t("post.unconfirmed.there")}
          </Button>
          <Button size="xs" variant="default" onClick={() => setStep("again")}>
            {t("post.unconfirmed.again")} …
          </Button>
        </Group>
      )}
      <Confirm
        opened={step === "again"}
        title={t("post.unconfirmed.againTitle")}
        confirmLabel={t("post.unconfirmed.againConfirm")}
        busy={decide.isPending}
        error={decide.error}
        onClose={() => {
          decide.reset();
          setStep("choose");
        }}
        onConfirm={again}
      >
        {t("post.unconfirmed.againText", { channel: channel?.name ?? networkName })}
      </Confirm>
    </section>
  );
}

interface LinkFormProps {
  networkName: string;
  decide: DecideProps["decide"];
  onBack: () => void;
}

function LinkForm({ networkName, decide, onBack }: LinkFormProps) {
  const { t } = useTranslation();
  const [url, setUrl] = useState("");
  const [bad, setBad] = useState(false);
  const told = decide.error ? fieldErrors(asProblem(decide.error), { "/url": "url" }).byField.url : undefined;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const link = url.trim();
    if (!/^https?:\/\/\S+\.\S+/i.test(link)) {
      setBad(true);
      return;
    }
    decide.mutate({ kind: "there", url: link }, { onSuccess: () => toast.done(t("post.unconfirmed.saved")) });
  };
  return (
    <form onSubmit={submit} noValidate>
      <TextInput
        type="url"
        label={t("post.unconfirmed.link", { network: networkName })}
        description={t("post.unconfirmed.linkHint")}
        placeholder="https://"
        value={url}
        autoFocus
        onChange={(event) => {
          setUrl(event.currentTarget.value);
          setBad(false);
        }}
        error={bad ? t("post.unconfirmed.badLink") : told}
      />
      <Group gap="xs" mt="xs">
        <Button type="submit" size="xs" loading={decide.isPending}>
          {t("post.unconfirmed.save")}
        </Button>
        <Button size="xs" variant="default" onClick={onBack}>
          {t("common.back")}
        </Button>
      </Group>
    </form>
  );
}
