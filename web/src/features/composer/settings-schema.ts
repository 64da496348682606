/* A network's settings as a form: what can be drawn of its JSON schema. */

export interface SettingField {
  name: string;
  title: string;
  description: string | null;
  kind: "text" | "choice" | "boolean" | "integer" | "lookup" | "words" | "numbers";
  /** What the network is asked for to choose from. */
  lookup: string | null;
  options: { value: string; label: string }[];
  required: boolean;
  default: unknown;
  maxLength: number | null;
  minimum: number | null;
  maximum: number | null;
}

type Schema = Record<string, unknown>;

const isSchema = (value: unknown): value is Schema =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const textOf = (value: unknown): string | null => (typeof value === "string" && value ? value : null);
const numberOf = (value: unknown): number | null => (typeof value === "number" ? value : null);

/** "graphic-media" and "GRAPHIC_MEDIA" → "Graphic media", for what has no title. */
export function humanised(word: string): string {
  const spoken = word === word.toUpperCase() ? word.toLowerCase() : word;
  const spaced = spoken.replaceAll(/[-_]+/g, " ").trim();
  return spaced.slice(0, 1).toUpperCase() + spaced.slice(1);
}

/** `enum`, or `oneOf`/`anyOf` of constants with titles. */
function optionsOf(schema: Schema): { value: string; label: string }[] {
  if (Array.isArray(schema.enum)) {
    return schema.enum
      .filter((it) => typeof it === "string")
      .map((value) => ({ value, label: humanised(value) }));
  }
  const branches = [schema.oneOf, schema.anyOf].find(Array.isArray) ?? [];
  return branches.filter(isSchema).flatMap((branch) => {
    const value = textOf(branch.const);
    if (value !== null) return [{ value, label: textOf(branch.title) ?? humanised(value) }];
    return Array.isArray(branch.enum) ? optionsOf(branch) : [];
  });
}

/** Several of one kind. */
function listOf(items: unknown): SettingField["kind"] | null {
  if (!isSchema(items)) return null;
  if (items.type === "integer") return "numbers";
  return items.type === "string" ? "words" : null;
}

function kindOf(schema: Schema, options: unknown[]): SettingField["kind"] | null {
  if (options.length > 0) return "choice";
  const types = Array.isArray(schema.type) ? schema.type : [schema.type];
  if (types.includes("array")) return listOf(schema.items);
  if (textOf(schema["x-lookup"])) return "lookup";
  if (types.includes("boolean")) return "boolean";
  if (types.includes("integer")) return "integer";
  return types.includes("string") ? "text" : null;
}

/** The fields that a form can show: what is required first, then in the schema's order. Others keep the value they have. */
export function settingFields(schema: unknown): SettingField[] {
  if (!isSchema(schema) || !isSchema(schema.properties)) return [];
  const required: unknown[] = Array.isArray(schema.required) ? schema.required : [];
  // JSON keeps no order, so the schema names it beside.
  const order: unknown[] = Array.isArray(schema["x-order"]) ? schema["x-order"] : [];
  const place = (name: string) =>
    (required.includes(name) ? 0 : 1) * (order.length + 1) + order.indexOf(name);
  const properties = Object.entries(schema.properties).toSorted(([one], [two]) => place(one) - place(two));
  return properties.flatMap(([name, given]) => {
    if (!isSchema(given)) return [];
    const options = optionsOf(given);
    const kind = kindOf(given, options);
    if (!kind) return [];
    return [
      {
        name,
        title: textOf(given.title) ?? humanised(name),
        description: textOf(given.description),
        kind,
        lookup: textOf(given["x-lookup"]),
        options,
        required: required.includes(name),
        default: given.default,
        maxLength: numberOf(given.maxLength),
        minimum: numberOf(given.minimum),
        maximum: numberOf(given.maximum),
      },
    ];
  });
}
