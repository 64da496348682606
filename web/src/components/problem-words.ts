import { type Problem, UNREACHABLE } from "@/api/problem";
import { t } from "@/i18n";

/** A problem's headline and sentence, also where the server gave none. */
export function problemWords(problem: Problem): { title: string; text: string } {
  if (problem.code === UNREACHABLE) {
    return { title: t("common.problem.unreachableTitle"), text: t("common.problem.unreachable") };
  }
  if (problem.code === "here.unexpected") {
    return { title: t("common.problem.unexpectedTitle"), text: problem.detail };
  }
  if (problem.title) return { title: problem.title, text: problem.detail };
  if (problem.status === 404) {
    return { title: t("common.problem.notFoundTitle"), text: t("common.problem.notFound") };
  }
  return {
    title: t("common.problem.serverTitle"),
    text: problem.detail || t("common.problem.server", { status: problem.status }),
  };
}
