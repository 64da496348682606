//! What people see: pages written here, without a script that they need.

pub(crate) mod apps;
pub(crate) mod assets;
pub(crate) mod card;
pub(crate) mod chat;
pub(crate) mod compose;
pub(crate) mod consent;
pub(crate) mod console;
pub(crate) mod fault_rows;
pub(crate) mod faults;
pub(crate) mod guard;
pub(crate) mod layout;
pub(crate) mod live;
pub(crate) mod own_pages;
pub(crate) mod sign;
pub(crate) mod timeline;
pub(crate) mod viewer;
