import { Button, PasswordInput, Stack, Text, TextInput } from "@mantine/core";
import { Navigate, useSearch } from "@tanstack/react-router";
import { type FormEvent, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, call } from "@/api/client";
import { asProblem, fieldErrors } from "@/api/problem";
import { LoadingPage } from "@/app/fallbacks";
import { useServer } from "@/app/session";
import { AnchorLink } from "@/components/links";
import { ProblemView } from "@/components/problem-view";
import { useEnter } from "./enter";
import { AuthFrame } from "./frame";
import { passwordToggle } from "./password-toggle";

export function SignInPage() {
  const { t } = useTranslation();
  const { next } = useSearch({ from: "/sign-in" });
  const server = useServer();
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [missing, setMissing] = useState<{ email?: string; password?: string }>({});
  const emailField = useRef<HTMLInputElement>(null);
  const passwordField = useRef<HTMLInputElement>(null);
  const enter = useEnter(
    (body: { email: string; password: string }) => call(api.POST("/api/v1/auth/sign-in", { body })),
    next ?? "/",
  );

  if (server.isPending) return <LoadingPage />;
  if (server.data?.first_user) return <Navigate to="/sign-up" search={{ next }} replace />;

  const problem = enter.error ? asProblem(enter.error) : null;
  const wrong = problem?.code === "auth.wrong";
  const { byField, others } = fieldErrors(problem, { "/email": "email", "/password": "password" });

  const submit = (event: FormEvent) => {
    event.preventDefault();
    const empty = {
      email: email.trim() ? undefined : t("auth.needEmail"),
      password: password ? undefined : t("auth.needPassword"),
    };
    setMissing(empty);
    if (empty.email) emailField.current?.focus();
    else if (empty.password) passwordField.current?.focus();
    else enter.mutate({ email: email.trim(), password });
  };

  const shown = problem && !wrong && (others.length > 0 || problem.errors.length === 0);
  return (
    <AuthFrame title={t("auth.signInTitle")} text={next ? t("auth.continueTo") : t("auth.signInText")}>
      <form onSubmit={submit} noValidate>
        <Stack>
          {server.error && <ProblemView error={server.error} onRetry={() => server.refetch()} />}
          {shown && <ProblemView error={problem} errors={others} />}
          <TextInput
            ref={emailField}
            label={t("auth.email")}
            type="email"
            name="email"
            autoComplete="username"
            autoFocus
            value={email}
            onChange={(event) => setEmail(event.currentTarget.value)}
            error={missing.email ?? byField.email}
          />
          <PasswordInput
            ref={passwordField}
            label={t("auth.password")}
            name="password"
            autoComplete="current-password"
            visibilityToggleButtonProps={passwordToggle(t("auth.togglePassword"))}
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
            error={missing.password ?? byField.password ?? (wrong ? t("auth.wrong") : undefined)}
          />
          <Button type="submit" loading={enter.isPending} fullWidth>
            {t("auth.signIn")}
          </Button>
          {server.data?.registration_open && (
            <Text size="sm" ta="center">
              {t("auth.toSignUp")}{" "}
              <AnchorLink to="/sign-up" search={{ next }} underline="always">
                {t("auth.toSignUpLink")}
              </AnchorLink>
            </Text>
          )}
        </Stack>
      </form>
    </AuthFrame>
  );
}
