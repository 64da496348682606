import { Button, PasswordInput, Stack, Text, TextInput } from "@mantine/core";
import { useSearch } from "@tanstack/react-router";
import { type FormEvent, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, call } from "@/api/client";
import { asProblem, fieldErrors } from "@/api/problem";
import { LoadingPage } from "@/app/fallbacks";
import { browserZone } from "@/app/format";
import { useServer } from "@/app/session";
import { AnchorLink, ButtonLink } from "@/components/links";
import { FormProblem, ProblemView } from "@/components/problem-view";
import { useEnter } from "./enter";
import { AuthFrame } from "./frame";
import { passwordToggle } from "./password-toggle";

const FIELDS = {
  "/name": "name",
  "/email": "email",
  "/password": "password",
  "/workspace_name": "workspace",
} as const;
type FieldName = (typeof FIELDS)[keyof typeof FIELDS];
const ORDER: FieldName[] = ["name", "email", "password", "workspace"];
const MIN_PASSWORD = 10;

interface SignUp {
  email: string;
  password: string;
  name: string;
  workspace_name?: string;
  time_zone: string;
}

export function SignUpPage() {
  const { t } = useTranslation();
  const { next } = useSearch({ from: "/sign-up" });
  const server = useServer();
  const [values, setValues] = useState<Record<FieldName, string>>({
    name: "",
    email: "",
    password: "",
    workspace: "",
  });
  const [local, setLocal] = useState<Partial<Record<FieldName, string>>>({});
  const form = useRef<HTMLFormElement>(null);
  const enter = useEnter(
    (body: SignUp) => call(api.POST("/api/v1/auth/sign-up", { body })),
    next ?? "/welcome",
  );

  if (server.isPending) return <LoadingPage />;

  const closed = server.data && !server.data.registration_open && !server.data.first_user;
  if (closed) {
    return (
      <AuthFrame title={t("auth.closedTitle")} text={t("auth.closedText")}>
        <ButtonLink to="/sign-in" search={{ next }} fullWidth>
          {t("auth.signIn")}
        </ButtonLink>
      </AuthFrame>
    );
  }

  const problem = enter.error ? asProblem(enter.error) : null;
  const { byField, others } = fieldErrors(problem, FIELDS);
  const focus = (name: FieldName | undefined) =>
    name && form.current?.querySelector<HTMLInputElement>(`[name="${name}"]`)?.focus();

  const submit = (event: FormEvent) => {
    event.preventDefault();
    const found: Partial<Record<FieldName, string>> = {};
    if (!values.name.trim()) found.name = t("auth.needName");
    if (!values.email.trim()) found.email = t("auth.needEmail");
    if ([...values.password].length < MIN_PASSWORD) found.password = t("auth.shortPassword");
    setLocal(found);
    const first = ORDER.find((name) => found[name]);
    if (first) return focus(first);
    enter.mutate(
      {
        email: values.email.trim(),
        password: values.password,
        name: values.name.trim(),
        workspace_name: values.workspace.trim() || undefined,
        time_zone: browserZone(),
      },
      {
        onError: (error) => {
          const at = fieldErrors(asProblem(error), FIELDS).byField;
          focus(ORDER.find((name) => at[name]));
        },
      },
    );
  };

  const input = (name: FieldName) => ({
    name,
    value: values[name],
    onChange: (event: { currentTarget: HTMLInputElement }) => {
      const { value } = event.currentTarget;
      setValues((before) => ({ ...before, [name]: value }));
      setLocal((before) => ({ ...before, [name]: undefined }));
    },
    error: local[name] ?? byField[name],
  });
  const owner = server.data?.first_user ?? false;

  return (
    <AuthFrame
      title={t(owner ? "auth.ownerTitle" : "auth.signUpTitle")}
      text={t(owner ? "auth.ownerText" : "auth.signUpText")}
    >
      <form onSubmit={submit} noValidate ref={form}>
        <Stack>
          {server.error && <ProblemView error={server.error} onRetry={() => server.refetch()} />}
          <FormProblem problem={problem} others={others} />
          <TextInput
            label={t("auth.name")}
            autoComplete="name"
            autoFocus
            maxLength={100}
            {...input("name")}
          />
          <TextInput label={t("auth.email")} type="email" autoComplete="username" {...input("email")} />
          <PasswordInput
            label={t("auth.password")}
            description={t("auth.passwordHint")}
            autoComplete="new-password"
            visibilityToggleButtonProps={passwordToggle(t("auth.togglePassword"))}
            maxLength={200}
            {...input("password")}
          />
          <TextInput
            label={t("auth.workspaceName")}
            description={t("auth.workspaceHint")}
            placeholder={t("auth.workspacePlaceholder")}
            autoComplete="organization"
            maxLength={100}
            {...input("workspace")}
          />
          <Button type="submit" loading={enter.isPending} fullWidth>
            {t("auth.signUp")}
          </Button>
          {!owner && (
            <Text size="sm" ta="center">
              {t("auth.toSignIn")}{" "}
              <AnchorLink to="/sign-in" search={{ next }} underline="always">
                {t("auth.toSignInLink")}
              </AnchorLink>
            </Text>
          )}
        </Stack>
      </form>
    </AuthFrame>
  );
}
