import { Button } from "@mantine/core";
import type { AttemptView } from "@/api/types";
import { ProblemView } from "@/components/problem-view";
import { attempts } from "./queries";
import { useAttemptAction } from "./use-attempt-action";

/** Gives an attempt up. */
export function CancelButton({ attempt, label }: { attempt: AttemptView; label: string }) {
  const cancel = useAttemptAction((workspace) => attempts.cancel(workspace, attempt.id));
  return (
    <>
      <Button variant="default" loading={cancel.isPending} onClick={() => cancel.mutate()}>
        {label}
      </Button>
      {cancel.error && <ProblemView error={cancel.error} />}
    </>
  );
}
