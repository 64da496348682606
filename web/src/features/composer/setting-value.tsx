import "@/i18n/composing";
import { Fragment } from "react";
import { useTranslation } from "react-i18next";
import { useLookupName } from "./lookup";

interface Props {
  channel: string;
  /** Where at the network it is chosen from; empty where it is not. */
  lookup: string;
  value: unknown;
}

/** A setting as people read it: what was chosen at the network by its name. */
export function SettingValue({ channel, lookup, value }: Props) {
  const { t } = useTranslation();
  if (Array.isArray(value)) {
    return value.map((item, index) => (
      <Fragment key={index}>
        {index > 0 && ", "}
        <SettingValue channel={channel} lookup={lookup} value={item} />
      </Fragment>
    ));
  }
  if (typeof value === "boolean") return t(value ? "composer.settings.yes" : "composer.settings.no");
  if (typeof value === "string" || typeof value === "number") {
    return <Chosen channel={channel} lookup={lookup} id={String(value)} />;
  }
  return JSON.stringify(value);
}

function Chosen({ channel, lookup, id }: { channel: string; lookup: string; id: string }) {
  return useLookupName(channel, lookup, id);
}
