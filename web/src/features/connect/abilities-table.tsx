import "@/i18n/afterwards";
import { Text } from "@mantine/core";
import { IconCheck, IconMinus } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { Abilities, Network } from "@/api/types";
import classes from "./abilities-table.module.css";

const COLUMNS: (keyof Abilities)[] = [
  "lookup",
  "mentions",
  "nickname",
  "find",
  "post_metrics",
  "channel_metrics",
  "delete",
  "edit",
  "reposts",
  "comments",
];
const WHOLE = new Intl.NumberFormat("en-GB");

/** What each network takes and can do. */
export function AbilitiesTable({ networks }: { networks: Network[] }) {
  const { t } = useTranslation();
  return (
    <>
      <Text size="sm" c="dimmed" my="xs">
        {t("abilities.text")}
      </Text>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <section className={classes.scroll} tabIndex={0} aria-label={t("abilities.title")}>
        <table className={classes.table}>
          <thead>
            <tr>
              <th scope="col">{t("abilities.network")}</th>
              <th scope="col">{t("abilities.own_app")}</th>
              <th scope="col">{t("abilities.characters")}</th>
              <th scope="col">{t("abilities.files")}</th>
              <th scope="col">{t("abilities.parts")}</th>
              <th scope="col">{t("abilities.alt")}</th>
              <th scope="col">{t("abilities.formatting")}</th>
              {COLUMNS.map((column) => (
                <th key={column} scope="col">
                  {t(`abilities.${column}`)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {networks.map((network) => (
              <tr key={network.id}>
                <th scope="row">{network.name}</th>
                <td>
                  <Mark yes={!network.works_at_once} />
                </td>
                <td>{WHOLE.format(network.rules.text.max)}</td>
                <td>{network.rules.media.max_count || t("abilities.none")}</td>
                <td>{network.rules.parts.max}</td>
                <td>
                  <Mark yes={Boolean(network.rules.media.alt_max)} />
                </td>
                <td>{t(`abilities.editors.${network.editor}`)}</td>
                {COLUMNS.map((column) => (
                  <td key={column}>
                    <Mark yes={Boolean(network.abilities[column])} />
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
    </>
  );
}

function Mark({ yes }: { yes: boolean }) {
  const { t } = useTranslation();
  const Icon = yes ? IconCheck : IconMinus;
  return (
    <>
      <Icon size={16} aria-hidden />
      <span className="visually-hidden">{t(yes ? "abilities.yes" : "abilities.no")}</span>
    </>
  );
}
