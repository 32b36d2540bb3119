/// The subcommands.
package enum CommandName: String, CaseIterable, Sendable {
    case run, sync, sidecar, check, list, get, status, refresh, credential
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
        case .credential: "serve systemd's credential requests on its socket"
        case .initialize: "write a commented latchkey.toml from what the vault holds"
        }
    }

    /// The usage line behind `latchkey`.
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
        case .credential: "credential [options]"
        case .initialize: "init [options] [--output FILE|-]"
        }
    }

    /// An example, as somebody would type it.
    package var example: String {
        switch self {
        case .run: "latchkey run --vault contoso-web -e DB_PASSWORD=db-password -- ./server"
        case .sync: "latchkey sync --vault contoso-web --directory /run/web/secrets -f db.txt=db-password"
        case .sidecar: "latchkey sidecar --config /etc/latchkey.toml --signal-pid name:nginx"
        case .check: "latchkey check --vault contoso-web -e DB_PASSWORD=db-password -- ./server"
        case .list: "latchkey list --vault contoso-web"
        case .get: "latchkey get --vault contoso-web db-password"
        case .status: "latchkey status --instance server"
        case .refresh: "latchkey refresh --wait --instance server"
        case .credential: "latchkey credential --config /etc/latchkey/credentials.toml"
        case .initialize: "latchkey init --vault contoso-web"
        }
    }

    /// Whether COMMAND may follow behind `--`.
    var takesCommand: Bool { self == .run || self == .check }
}
