import { RepeatScopeChoice } from "@/features/post/repeat-scope";
import type { Composer } from "./use-composer";

/** Of a post that repeats: whether what follows is changed, too. */
export function OccurrenceScope({ composer }: { composer: Pick<Composer, "following" | "setFollowing"> }) {
  return (
    <RepeatScopeChoice
      scope={composer.following ? "following" : "this"}
      onScope={(scope) => composer.setFollowing(scope === "following")}
    />
  );
}
