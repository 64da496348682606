import "@/i18n/connecting";
import { PasswordInput, Select, TextInput } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { Field } from "@/api/types";
import { passwordToggle } from "@/features/auth/password-toggle";

interface Props {
  fields: Field[];
  values: Record<string, string>;
  errors: Record<string, string | undefined>;
  onChange: (name: string, value: string) => void;
}

/** The form a network asks for, as it describes it. */
export function CredentialFields({ fields, values, errors, onChange }: Props) {
  const { t } = useTranslation();
  return fields.map((field) => {
    const shared = {
      label: field.label,
      description: field.help || undefined,
      placeholder: field.placeholder || undefined,
      required: field.required,
      error: errors[field.name],
      name: `credential-${field.name}`,
      "data-field": field.name,
    };
    const value = values[field.name] ?? "";
    if (field.kind === "select") {
      return (
        <Select
          key={field.name}
          {...shared}
          placeholder={field.placeholder || t("connect.select")}
          data={field.options ?? []}
          value={value || null}
          onChange={(chosen) => onChange(field.name, chosen ?? "")}
          allowDeselect={!field.required}
        />
      );
    }
    if (field.kind === "password") {
      return (
        <PasswordInput
          key={field.name}
          {...shared}
          // An app password of another service: the browser's saved password for Crier would be wrong here.
          autoComplete="new-password"
          visibilityToggleButtonProps={passwordToggle(t("auth.togglePassword"))}
          value={value}
          onChange={(event) => onChange(field.name, event.currentTarget.value)}
        />
      );
    }
    return (
      <TextInput
        key={field.name}
        {...shared}
        type="text"
        inputMode={field.kind === "url" ? "url" : undefined}
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        value={value}
        onChange={(event) => onChange(field.name, event.currentTarget.value)}
      />
    );
  });
}
