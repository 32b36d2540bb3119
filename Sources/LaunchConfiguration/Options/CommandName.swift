/// The subcommands.
package enum CommandName: String, CaseIterable, Sendable {
    case run, sync, sidecar, check, list, get, status, refresh, export, render, credential
    case initialize = "init"

    /// What the command does, in one line.
    package var abstract: String {
        switch self {
        case .run: "fetch secrets, deliver them, start COMMAND, and keep it supervised and its secrets fresh"
        case .sync: "fetch secrets, deliver the files, and exit"
        case .sidecar: "keep files fresh for a process that another supervises"
        case .check: "say what 'run' would do, and whether it would start; nothing is started or written"
        case .list: "list the vault's secrets, without values"
        case .get: "print one secret's value"
        case .status: "say what the running instance delivers, and how fresh it is"
        case .refresh: "ask the running instance to refresh now"
        case .export: "print the variables that 'run' would deliver"
        case .render: "print a template with its values"
        case .credential: "serve systemd's credential requests on its socket"
        case .initialize: "write a commented latchkey.toml from what the vault holds, or from another tool's file"
        }
    }

    /// More about it, in one paragraph.
    package var discussion: String {
        switch self {
        case .run:
            "COMMAND starts once every secret is there; until then, failures that may pass are retried. Afterwards the "
                + "vault is looked at every --refresh, and COMMAND is told of changes as --on-change says; whatever "
                + "fails, what runs keeps its secrets. Signals are forwarded, and the exit code is COMMAND's."
        case .sync:
            "For init containers, ExecStartPre= and cron: the files stay where they were written until something "
                + "removes them. Unchanged values cause no write."
        case .sidecar:
            "For a process in another container or service, on a shared directory in memory: --directory names it, "
                + "--group lets the other read, --signal-pid says whom to tell of a change. Variables reach the command "
                + "of --exec-on-change only. It ends with 0 on TERM or INT."
        case .check:
            "Goes the way of 'run' step by step, with a mark and a remedy for each: identity, vault, every secret and "
                + "where it would go, directory, COMMAND, limits. No value is shown, nothing is started or written. "
                + "The exit code is 0 if 'run' would start, else the one that it would end with; it is 127 or 126 also "
                + "if the command on change does not exist or can't be executed."
        case .list:
            "The names are what references are made of. It needs the permission to list, which 'run' does not need "
                + "unless it selects in bulk."
        case .get:
            "The value goes to standard output byte for byte; a newline is added only when that is a terminal. "
                + "REFERENCE is a name in the default vault, a URL, akv://VAULT/NAME or an App Service reference, with "
                + "#/pointer for a part of a JSON secret."
        case .status:
            "The exit code is 0 if the instance is fresh, 1 if it is stale, failing or starting, 3 if it is not "
                + "running. Without --instance it is the only instance that runs."
        case .refresh:
            "The command is signalled also when nothing changed, where --on-change is signal: a reload that is asked "
                + "for is passed on. With --wait it returns when the first attempt that began after the request has "
                + "ended: with 0, or with the exit code of the failure. It returns 3 if the instance is not running."
        case .export:
            "Goes to standard output: 'eval \"$(latchkey export --format shell)\"' in a shell, or a file in memory. dotenv is "
                + "what a shell, Python's dotenv and systemd read alike, env-file what container engines read. A value that "
                + "the format can't hold is an error. What is only inherited is left out, and no file is delivered. A "
                + "terminal gets nothing without --reveal, since it keeps what it shows."
        case .render:
            "TEMPLATE is a file as the key 'template' has it (latchkey.toml(5)), or - for standard input. The result goes "
                + "to standard output byte for byte. A terminal gets nothing without --reveal, since it keeps what it shows."
        case .credential:
            "For LoadCredential=NAME:SOCKET of any unit: only the service manager is answered, and only what "
                + "[credentials.\"UNIT\"] allows that unit."
        case .initialize:
            "The file names every secret and certificate of the vault: variables named after them, and files for "
                + "certificates and for what is binary by its tag. Disabled ones stand in comments. Remove what the app "
                + "does not need. With --from it has every entry of another tool's file instead, and a comment where "
                + "there is no counterpart; nothing is asked for then, and no value is copied. An existing file is never "
                + "replaced (73)."
        }
    }

    /// The usage line after `latchkey`.
    package var usage: String {
        switch self {
        case .run: "run [options] -- COMMAND [ARG…]"
        case .check: "check [options] [--json] [--explain] [-- COMMAND [ARG…]]"
        case .sync: "sync [options]"
        case .sidecar: "sidecar [options]"
        case .list: "list [options] [--json]"
        case .get: "get [options] REFERENCE"
        case .status: "status [--json | --prometheus] [--instance NAME]"
        case .refresh: "refresh [--wait] [--instance NAME]"
        case .export: "export [options] --format dotenv|env-file|json|shell [--reveal]"
        case .render: "render [options] [--reveal] TEMPLATE|-"
        case .credential: "credential [options]"
        case .initialize: "init [options] [--from FILE|-] [--output FILE|-]"
        }
    }

    /// An example command line.
    package var example: String {
        switch self {
        case .run: "latchkey run --vault contoso-web -e DB_PASSWORD=db-password -- ./server"
        case .sync: "latchkey sync --vault contoso-web --directory /run/web -f db=db-password"
        case .sidecar: "latchkey sidecar --config /etc/latchkey.toml --signal-pid name:nginx"
        case .check: "latchkey check --vault contoso-web -e DB_PASSWORD=db-password -- ./server"
        case .list: "latchkey list --vault contoso-web"
        case .get: "latchkey get --vault contoso-web db-password"
        case .status: "latchkey status --instance server"
        case .refresh: "latchkey refresh --wait --instance server"
        case .export: "latchkey export --vault contoso-web -e DB=db-password --format shell"
        case .render: "latchkey render --vault contoso-web app.ini.mustache"
        case .credential: "latchkey credential --config /etc/latchkey/credentials.toml"
        case .initialize: "latchkey init --vault contoso-web"
        }
    }

    /// Whether inherited variables whose value is a reference are resolved.
    var resolvesInherited: Bool { takesCommand || self == .export }

    /// Whether COMMAND may follow after `--`.
    package var takesCommand: Bool { self == .run || self == .check }
}
