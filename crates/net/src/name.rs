//! Names of hosts.

/// Whether others may know the name; those that are used inside of networks only, nobody outside can call.
#[must_use]
pub fn is_public_name(name: &str) -> bool {
    let inside = [".localhost", ".local", ".lan", ".internal", ".home.arpa", ".test", ".invalid"];
    name.contains('.') && !inside.iter().any(|end| name.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::is_public_name;

    #[test]
    fn names_of_networks_inside_are_none_for_strangers() {
        for (name, public) in [("crier.example.org", true), ("localhost", false), ("nas.lan", false), ("crier", false)]
        {
            assert_eq!(is_public_name(name), public, "{name}");
        }
    }
}
