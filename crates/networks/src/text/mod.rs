//! Text: counting it as each network counts, finding links, mentions and tags in it, rendering documents.
