import "@/i18n/connecting";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useEffect, useRef, useState } from "react";
import { keys } from "@/api/keys";
import { asProblem, type FieldProblem, fieldErrors, Problem } from "@/api/problem";
import type { AttemptView, Network, Way } from "@/api/types";
import { useSession } from "@/app/session";
import { t } from "@/i18n";
import { attemptPage, attempts, isFinal, preflightQuery } from "./queries";

/** How long the click waits for the checks before it leaves without them. */
const PATIENCE = 3000;

interface Options {
  channel?: string;
  instance?: string;
  focus: (field: string) => void;
}

/** The state of the page before leaving: values, checks, the attempt once started. */
export function useConnectForm(network: Network, way: Way, { channel, instance: given, focus }: Options) {
  const { workspace } = useSession();
  const client = useQueryClient();
  const navigate = useNavigate();
  const [typedInstance, setTypedInstance] = useState<string | null>(null);
  const [checkedInstance, setCheckedInstance] = useState<string | null>(way.instance ? null : "");
  const [values, setValues] = useState<Record<string, string>>(() =>
    Object.fromEntries(way.fields.map((field) => [field.name, field.default ?? ""])),
  );
  const [local, setLocal] = useState<Record<string, string | undefined>>({});
  const [problem, setProblem] = useState<Problem | null>(null);
  const [busy, setBusy] = useState(false);
  const started = useRef<{ instance: string; id: string } | null>(null);

  // A form that is left takes its attempt along; an attempt the server could not be told of ends by itself in time.
  useEffect(
    () => () => {
      if (way.connect === "form" && started.current) {
        void attempts.cancel(workspace.id, started.current.id).catch(() => undefined);
        started.current = null;
      }
    },
    [way.connect, workspace.id],
  );

  const instance = typedInstance ?? given ?? way.instance?.default ?? "";
  // A form's checks are of the server it begins with.
  const elsewhere =
    way.connect === "form" &&
    way.fields.some(
      ({ kind, name, default: first }) => kind === "url" && first && values[name]?.trim() !== first,
    );
  const preflight = useQuery({
    ...preflightQuery(workspace.id, network.id, way.id, checkedInstance ?? ""),
    enabled: checkedInstance !== null && !elsewhere,
  });

  const pointers: Record<string, string> = { "/instance": "instance" };
  for (const field of way.fields) pointers[`/values/${field.name}`] = field.name;
  const { byField, others } = fieldErrors(problem, pointers);
  const otherErrors: FieldProblem[] = others;
  // A problem that is wholly on fields shown here is not repeated above the button, unless it has more to tell.
  const onFields = problem !== null && problem.errors.length > 0 && others.length === 0;
  const shownProblem = onFields && !problem.diagnosis?.evidence.length ? null : problem;

  function missingFields(): Record<string, string | undefined> {
    const found: Record<string, string | undefined> = {};
    if (way.instance && !instance.trim()) found.instance = t("connect.instanceRequired");
    if (way.connect === "form") {
      for (const field of way.fields) {
        if (field.required && !values[field.name]?.trim()) {
          found[field.name] = t("connect.fieldRequired", { label: field.label });
        }
      }
    }
    return found;
  }

  /** True when the checks passed or could not be had in time. */
  async function checksPass(wanted: string): Promise<boolean> {
    setCheckedInstance(wanted);
    const checks = client
      .fetchQuery(preflightQuery(workspace.id, network.id, way.id, wanted))
      .catch(() => []);
    const patience = new Promise<[]>((done) => setTimeout(() => done([]), PATIENCE));
    return (await Promise.race([checks, patience])).every((check) => check.ok);
  }

  async function attemptFor(wanted: string): Promise<AttemptView | { id: string }> {
    if (way.connect === "form" && started.current?.instance === wanted) return { id: started.current.id };
    const attempt = await attempts.start(workspace.id, {
      network: network.id,
      way: way.id,
      instance: way.instance ? wanted : undefined,
      channel,
    });
    started.current = { instance: wanted, id: attempt.id };
    void client.invalidateQueries({ queryKey: keys.openAttempts(workspace.id) });
    return attempt;
  }

  async function leave(tab: Window | null, wanted: string) {
    const attempt = await attemptFor(wanted);
    if (way.connect === "form") {
      const answer = await attempts.form(workspace.id, attempt.id, values);
      started.current = null;
      void client.invalidateQueries({ queryKey: keys.openAttempts(workspace.id) });
      if (answer.state === "connected")
        void client.invalidateQueries({ queryKey: keys.channels(workspace.id) });
      await navigate({ to: attemptPage(workspace.id), params: { attempt: attempt.id } });
      return;
    }
    const view = attempt as AttemptView;
    if (way.connect === "dialog" || way.connect === "extension") {
      await navigate({ to: attemptPage(workspace.id), params: { attempt: view.id } });
      return;
    }
    const address = view.authorize_url;
    if (!address || isFinal(view.state)) {
      tab?.close();
      if (view.diagnosis || isFinal(view.state)) {
        await navigate({ to: attemptPage(workspace.id), params: { attempt: view.id } });
        return;
      }
      throw new Problem({ status: 0, code: "here.unexpected", detail: t("connect.noAuthorize") });
    }
    if (tab) {
      tab.location.href = address;
      await navigate({ to: attemptPage(workspace.id), params: { attempt: view.id } });
    } else {
      window.location.assign(address);
    }
  }

  async function submit({ newTab, anyway }: { newTab: boolean; anyway: boolean }) {
    if (busy) return;
    const found = missingFields();
    setLocal(found);
    setProblem(null);
    const first = Object.keys(found)[0];
    if (first) return focus(first);
    const wanted = way.instance ? instance.trim() : "";
    const sameAsChecked = checkedInstance === wanted;
    // The tab has to open within the click, or the browser blocks it; it gets its address later.
    const tab = newTab ? window.open("about:blank", "_blank") : null;
    if (tab) tab.opener = null;
    setBusy(true);
    try {
      if (!elsewhere && !(anyway && sameAsChecked) && !(await checksPass(wanted))) {
        tab?.close();
        return;
      }
      await leave(tab, wanted);
    } catch (error) {
      tab?.close();
      const failed = asProblem(error);
      if ([404, 409, 410].includes(failed.status)) started.current = null;
      setProblem(failed);
      const names = fieldErrors(failed, pointers).byField;
      const at = Object.keys(names)[0];
      if (at) focus(at);
    } finally {
      setBusy(false);
    }
  }

  return {
    instance,
    setInstance(value: string) {
      setTypedInstance(value);
      setLocal((before) => ({ ...before, instance: undefined }));
      // What was found out about another server says nothing about this one.
      setCheckedInstance(null);
    },
    values,
    setValue(name: string, value: string) {
      setValues((before) => ({ ...before, [name]: value }));
      setLocal((before) => ({ ...before, [name]: undefined }));
    },
    errors: {
      ...byField,
      ...Object.fromEntries(Object.entries(local).filter(([, message]) => message)),
    } as Record<string, string | undefined>,
    problem: shownProblem,
    otherErrors,
    checked: checkedInstance !== null && !elsewhere,
    preflight,
    busy,
    submit,
  };
}
