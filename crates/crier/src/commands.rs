//! What can be asked of the program, and the flags that set what the configuration has.

use crate::{
    backup,
    config::{Config, ConfigError, Layers, settings},
};
use clap::{Arg, ArgAction, ArgMatches};
use std::{collections::BTreeMap, path::PathBuf};

#[derive(Debug)]
pub enum Command {
    Serve,
    CreateUser(NewUser),
    SetAdmin { email: String, is_admin: bool },
    CreateKey(NewKey),
    Keys(Keys),
    Networks { json: bool },
    Doctor { networks: Vec<String>, json: bool },
    Migrate,
    Backup(backup::Wanted),
    Restore { from: PathBuf },
    Config,
    Version,
}

/// The keys that seal tokens.
#[derive(Debug, PartialEq, Eq)]
pub enum Keys {
    /// How much is sealed under which.
    Status,
    Rotate(Rotation),
    Forget {
        id: String,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rotation {
    /// A new key, and everything sealed again with it.
    Whole,
    /// A new key in the file; nothing is sealed again yet.
    FileOnly,
    /// Everything sealed again with the key that is first in the file.
    Resume,
}

#[derive(Debug)]
pub struct NewUser {
    pub email: String,
    /// None: read from standard input.
    pub password: Option<crier_model::Secret>,
    pub name: Option<String>,
    pub workspace: Option<String>,
    /// Whether they run this installation; the first person does anyway.
    pub is_admin: bool,
}

#[derive(Debug)]
pub struct NewKey {
    /// Whose it is, by e-mail address.
    pub user: String,
    pub name: String,
    /// By id; needed when the user belongs to several.
    pub workspace: Option<String>,
}

/// What the command line said.
pub struct Given {
    pub command: Command,
    pub layers: CommandLine,
}

/// The strongest layer of the configuration.
pub struct CommandLine {
    flags: BTreeMap<String, String>,
    file: Option<PathBuf>,
}

impl CommandLine {
    pub fn config(&self) -> Result<Config, ConfigError> {
        let environment = |name: &str| std::env::var(name).ok();
        Config::read(&Layers {
            flags: &self.flags,
            environment: &environment,
            file: self.file.as_deref(),
            usual_file: "crier.toml".as_ref(),
        })
    }
}

/// Reads the command line; says what is wrong with it, or helps, and ends the program then.
pub fn read() -> Given {
    let matches = described().get_matches();
    given(&matches)
}

fn described() -> clap::Command {
    let switch = |name: &'static str| Arg::new(name).long(name).action(ArgAction::SetTrue);
    let json = || switch("json").help("Answer in JSON");
    let user = clap::Command::new("user").about("Accounts").subcommand_required(true).subcommand(
        clap::Command::new("create")
            .about("Makes an account with a workspace of its own")
            .arg(Arg::new("email").long("email").required(true).help("The address to sign in with"))
            .arg(
                Arg::new("password")
                    .long("password")
                    .help("10 to 256 characters; read from standard input when left out"),
            )
            .arg(Arg::new("name").long("name").help("The person's name; the address's first part when left out"))
            .arg(Arg::new("workspace").long("workspace").help("The name of the workspace"))
            .arg(Arg::new("admin").long("admin").action(ArgAction::SetTrue).help("Lets them run this installation")),
    );
    let user = user.subcommand(
        clap::Command::new("admin")
            .about("Lets a person run this installation: its apps, its doctor, everybody's connects")
            .arg(Arg::new("email").required(true).help("The address they sign in with"))
            .arg(Arg::new("off").long("off").action(ArgAction::SetTrue).help("Takes it away again")),
    );
    let key = clap::Command::new("key").about("API keys").subcommand_required(true).subcommand(
        clap::Command::new("create")
            .about("Makes an API key and prints it, once")
            .arg(Arg::new("user").long("user").required(true).help("Whose key it is, by e-mail address"))
            .arg(Arg::new("name").long("name").default_value("Made by command").help("To know it again"))
            .arg(
                Arg::new("workspace").long("workspace").help("The workspace's id, when the person belongs to several"),
            ),
    );
    let switch = |name: &'static str| Arg::new(name).long(name).action(ArgAction::SetTrue);
    let keys = clap::Command::new("keys").about("The keys that seal tokens").subcommand_required(true);
    let keys = keys
        .subcommand(
            clap::Command::new("rotate")
                .about("Makes a new key and seals everything again with it; servers may run meanwhile")
                .arg(switch("status").help("Only tells how much is sealed under which key"))
                .arg(
                    switch("resume")
                        .help("Makes no new key: goes on with a rotation that was broken off")
                        .conflicts_with("status"),
                )
                .arg(
                    switch("file-only")
                        .help("Only puts the new key into the file, to be handed to other machines before --resume")
                        .conflicts_with_all(["status", "resume"]),
                ),
        )
        .subcommand(
            clap::Command::new("forget")
                .about("Takes an older key out of the file, once nothing is sealed with it")
                .arg(Arg::new("id").required(true).value_name("ID").help("As `crier keys rotate --status` shows it")),
        );
    let command = clap::Command::new("crier")
        .about("A self-hosted social media scheduler")
        .version(env!("CARGO_PKG_VERSION"))
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(clap::Command::new("serve").about("Runs the server"))
        .subcommand(user)
        .subcommand(key)
        .subcommand(keys)
        .subcommand(clap::Command::new("networks").about("Lists the networks there are").arg(json()))
        .subcommand(
            clap::Command::new("doctor")
                .about("Checks configuration, database, data folder, clock, public address and the reach of networks")
                .arg(Arg::new("networks").num_args(0..).help("Only these networks"))
                .arg(json()),
        )
        .subcommand(clap::Command::new("migrate").about("Brings the database up to date"))
        .subcommand(
            clap::Command::new("backup")
                .about("Writes the database and the media into one file, while the server runs")
                .arg(Arg::new("to").long("to").value_name("FILE").help("Where to [default: crier-backup-TIME.tar]"))
                .arg(switch("with-key").help("Puts the secret key in: whoever has the file can then use the channels"))
                .arg(switch("without-media").help("Leaves the media out")),
        )
        .subcommand(
            clap::Command::new("restore")
                .about("Puts a backup back where nothing is yet")
                .arg(Arg::new("from").required(true).value_name("FILE").help("What `crier backup` wrote")),
        )
        .subcommand(clap::Command::new("config").about("Shows every setting, its value and where it comes from"))
        .subcommand(clap::Command::new("version").about("Prints the version"));
    let file =
        Arg::new("config").long("config").value_name("FILE").global(true).help("A settings file [default: crier.toml]");
    settings::ALL.into_iter().map(flag).fold(command.arg(file), clap::Command::arg)
}

fn flag(setting: settings::Setting) -> Arg {
    let help = match setting.default {
        "" => format!("{} [{}]", setting.help, setting.env),
        default => format!("{} [{}, default: {default}]", setting.help, setting.env),
    };
    let arg =
        Arg::new(setting.key).long(setting.flag()).global(true).help(help).help_heading("Settings").value_name("VALUE");
    if setting.is_switch() { arg.num_args(0..=1).require_equals(true).default_missing_value("true") } else { arg }
}

fn given(matches: &ArgMatches) -> Given {
    // Global flags may stand before or behind the command.
    let (name, deepest) = deepest(matches);
    let text = |name: &str| deepest.get_one::<String>(name).cloned();
    let command = match name.as_str() {
        "user create" => Command::CreateUser(NewUser {
            email: text("email").unwrap_or_default(),
            password: text("password").map(Into::into),
            name: text("name"),
            workspace: text("workspace"),
            is_admin: deepest.get_flag("admin"),
        }),
        "user admin" => {
            Command::SetAdmin { email: text("email").unwrap_or_default(), is_admin: !deepest.get_flag("off") }
        }
        "key create" => Command::CreateKey(NewKey {
            user: text("user").unwrap_or_default(),
            name: text("name").unwrap_or_default(),
            workspace: text("workspace"),
        }),
        "keys rotate" => Command::Keys(match () {
            () if deepest.get_flag("status") => Keys::Status,
            () if deepest.get_flag("resume") => Keys::Rotate(Rotation::Resume),
            () if deepest.get_flag("file-only") => Keys::Rotate(Rotation::FileOnly),
            () => Keys::Rotate(Rotation::Whole),
        }),
        "keys forget" => Command::Keys(Keys::Forget { id: text("id").unwrap_or_default() }),
        "networks" => Command::Networks { json: deepest.get_flag("json") },
        "doctor" => Command::Doctor {
            networks: deepest.get_many("networks").into_iter().flatten().cloned().collect(),
            json: deepest.get_flag("json"),
        },
        "migrate" => Command::Migrate,
        "backup" => Command::Backup(backup::Wanted {
            to: text("to").map(PathBuf::from),
            with_key: deepest.get_flag("with-key"),
            without_media: deepest.get_flag("without-media"),
        }),
        "restore" => Command::Restore { from: text("from").unwrap_or_default().into() },
        "config" => Command::Config,
        "version" => Command::Version,
        _ => Command::Serve,
    };
    let flags = settings::ALL.iter().filter_map(|setting| Some((setting.key.to_owned(), text(setting.key)?))).collect();
    let file = text("config").map(PathBuf::from);
    Given { command, layers: CommandLine { flags, file } }
}

/// The command's words and its own matches.
fn deepest(matches: &ArgMatches) -> (String, &ArgMatches) {
    let mut words = Vec::new();
    let mut at = matches;
    while let Some((name, below)) = at.subcommand() {
        words.push(name);
        at = below;
    }
    (words.join(" "), at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Given {
        given(&described().try_get_matches_from(line.split(' ')).unwrap())
    }

    #[test]
    fn the_description_is_sound() {
        described().debug_assert();
    }

    #[test]
    fn settings_are_flags_before_and_behind_the_command() {
        for line in
            ["crier serve --listen 127.0.0.1:1 --playground", "crier --listen 127.0.0.1:1 --playground=true serve"]
        {
            let given = parsed(line);
            assert!(matches!(given.command, Command::Serve));
            assert_eq!(given.layers.flags["listen"], "127.0.0.1:1");
            assert_eq!(given.layers.flags["playground"], "true");
        }
    }

    #[test]
    fn commands_carry_what_they_need() {
        let given = parsed("crier user create --email a@b.example --password secretsecret --workspace W");
        let Command::CreateUser(user) = given.command else { panic!("{:?}", given.command) };
        assert_eq!((user.email.as_str(), user.workspace.as_deref()), ("a@b.example", Some("W")));
        let given = parsed("crier doctor mastodon bluesky --json");
        assert!(
            matches!(given.command, Command::Doctor { networks, json: true } if networks == ["mastodon", "bluesky"])
        );
    }
}
