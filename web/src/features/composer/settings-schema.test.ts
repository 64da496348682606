import { describe, expect, test } from "vitest";
import { settingFields } from "./settings-schema";

const properties = (properties: unknown, more: object = {}) =>
  settingFields({ type: "object", properties, additionalProperties: false, ...more });

describe("fields of a settings schema", () => {
  test("what is chosen from at the network", () => {
    const [field] = properties({ channel: { type: "string", title: "Channel", "x-lookup": "channels" } });
    expect(field).toMatchObject({ kind: "lookup", lookup: "channels" });
  });

  test("several words and several numbers", () => {
    const fields = properties({
      tags: { type: "array", items: { type: "string", maxLength: 191 }, "x-lookup": "tags" },
      categories: { type: "array", items: { type: "integer", minimum: 0 }, "x-lookup": "categoriesList" },
      odd: { type: "array", items: { type: "object" } },
    });
    expect(fields.map((field) => [field.name, field.kind, field.lookup])).toEqual([
      ["tags", "words", "tags"],
      ["categories", "numbers", "categoriesList"],
    ]);
  });

  test("text, choice, boolean and number", () => {
    const fields = properties(
      {
        visibility: {
          type: "string",
          enum: ["public", "followers-only"],
          default: "public",
          title: "Visibility",
        },
        spoiler_text: {
          type: "string",
          title: "Content warning",
          description: "Shown instead.",
          maxLength: 400,
        },
        sensitive: { type: "boolean", default: false },
        days: { type: ["integer", "null"], minimum: 1, maximum: 7 },
      },
      { required: ["days"] },
    );
    expect(fields.map((field) => [field.name, field.kind, field.title, field.required])).toEqual([
      ["days", "integer", "Days", true],
      ["visibility", "choice", "Visibility", false],
      ["spoiler_text", "text", "Content warning", false],
      ["sensitive", "boolean", "Sensitive", false],
    ]);
    expect(fields[1]?.options).toEqual([
      { value: "public", label: "Public" },
      { value: "followers-only", label: "Followers only" },
    ]);
    expect(fields[2]).toMatchObject({ description: "Shown instead.", maxLength: 400 });
    expect(fields[0]).toMatchObject({ minimum: 1, maximum: 7 });
  });

  test("choices with titles of their own", () => {
    const [field] = properties({
      label: {
        oneOf: [
          { const: "none", title: "Nothing" },
          { type: "string", enum: ["nudity"] },
          { const: "graphic-media" },
        ],
      },
    });
    expect(field?.options).toEqual([
      { value: "none", label: "Nothing" },
      { value: "nudity", label: "Nudity" },
      { value: "graphic-media", label: "Graphic media" },
    ]);
  });

  test("what is required comes first, and the rest in the order that the schema names", () => {
    const text = { type: "string" };
    const fields = properties(
      { about: text, title: text, begins: text, ends: text },
      { "x-order": ["begins", "ends", "title", "about"], required: ["title"] },
    );
    expect(fields.map((field) => field.name)).toEqual(["title", "begins", "ends", "about"]);
  });

  test("words in capitals are read as words", () => {
    const [field] = properties({ button: { type: "string", enum: ["SIGN_UP", "none"] } });
    expect(field?.options.map((option) => option.label)).toEqual(["Sign up", "None"]);
  });

  test("what cannot be drawn is left out, and no schema has no fields", () => {
    expect(properties({ nested: { type: "object" }, list: { type: "array" }, odd: true })).toEqual([]);
    expect(properties({})).toEqual([]);
    expect(settingFields(null)).toEqual([]);
    expect(settingFields({ type: "object" })).toEqual([]);
  });
});
