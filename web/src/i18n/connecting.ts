import { i18n } from ".";
import { connect } from "./en/connect";
import { invite, inviteLinks } from "./en/invite";

// Imported for this by what says these words, all of which comes later than the first page.
i18n.addResourceBundle("en", "translation", { connect, invite, inviteLinks }, true);
