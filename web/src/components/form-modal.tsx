import { Button, Group, Modal, Stack } from "@mantine/core";
import type { FormEvent, ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { FieldProblem, Problem } from "@/api/problem";
import { FormProblem } from "./problem-view";

interface Props {
  title: string;
  /** What kept it from being saved, and what of that no field shows. */
  problem: Problem | null;
  others: FieldProblem[];
  busy: boolean;
  onSave: () => void;
  onClose: () => void;
  children: ReactNode;
}

/** A few fields in a dialog, saved or left. */
export function FormModal({ title, problem, others, busy, onSave, onClose, children }: Props) {
  const { t } = useTranslation();
  const submit = (event: FormEvent) => {
    event.preventDefault();
    onSave();
  };
  return (
    <Modal opened onClose={onClose} title={title} closeButtonProps={{ "aria-label": t("common.close") }}>
      <form onSubmit={submit} noValidate>
        <Stack>
          <FormProblem problem={problem} others={others} />
          {children}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              {t("common.cancel")}
            </Button>
            <Button type="submit" loading={busy}>
              {t("common.save")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
