import Secrets

/// All options of all commands.
package enum OptionTable {
    private static let launching: [CommandName] = [.run, .sync, .sidecar, .check]
    /// Commands that deliver variables.
    private static let exporting: [CommandName] = launching + [.export]
    private static let reading: [CommandName] = exporting + [.list, .get, .render, .credential, .initialize]
    private static let all: [CommandName] = CommandName.allCases

    /// In the order of the manual.
    package static let definitions: [OptionDefinition] = source + delivery + refresh + child + output

    /// The option of that long name.
    package static func definition(named name: String) -> OptionDefinition? {
        OptionID(rawValue: name).map { definition($0) }
    }

    /// The option's definition.
    package static func definition(_ id: OptionID) -> OptionDefinition {
        guard let found = definitions.first(where: { $0.id == id }) else {
            preconditionFailure("an option without a definition")
        }
        return found
    }

    /// The options that a command takes.
    package static func definitions(for command: CommandName) -> [OptionDefinition] {
        definitions.filter { $0.commands.contains(command) }
    }

    private static let source: [OptionDefinition] = [
        OptionDefinition(
            .config, .path, "FILE", .source, all, default: "./latchkey.toml if it exists", "configuration file"),
        OptionDefinition(
            .vault, .vault, "NAME|URL", .source, reading, key: .init("vault"),
            "default vault: a name (contoso-web is https://contoso-web.vault.azure.net) or an https URL"),
        OptionDefinition(
            .vaultSuffix, .text, "SUFFIX", .source, reading, key: .init("vault-suffix"), default: "vault.azure.net",
            "what follows a vault's name, also in akv:// and App Service references: another cloud's suffix, or an "
                + "emulator's, with its port"),
        OptionDefinition(
            .identity, .choice(IdentityOptions.Source.allCases.map(\.rawValue)), "SOURCE", .source, reading,
            key: .init("identity", "source"), default: "auto", "where tokens come from"),
        OptionDefinition(
            .clientID, .text, "ID", .source, reading, key: .init("identity", "client-id"), default: "AZURE_CLIENT_ID",
            "client id of a user-assigned identity"),
        OptionDefinition(
            .objectID, .text, "ID", .source, reading, key: .init("identity", "object-id"),
            "object id of a user-assigned identity"),
        OptionDefinition(
            .resourceID, .text, "ID", .source, reading, key: .init("identity", "resource-id"),
            "resource id of a user-assigned identity"),
        OptionDefinition(
            .authoritiesFile, .path, "FILE", .source, reading, key: .init("ca-file"),
            default: "SSL_CERT_FILE, then the system's",
            "certificate authorities for vaults and Entra, instead of the system's"),
        OptionDefinition(
            .fallback, .pair, "VAULT=VAULT", .source, launching,
            "ask the second vault while the first can't be reached, is throttled or fails (repeatable, in order)"),
        OptionDefinition(
            .startTimeout, .duration(orOff: false), "DURATION", .source, launching, key: .init("start-timeout"),
            default: "90s; 15s for check", "how long to go on retrying before the start"),
        OptionDefinition(
            .cache, .choice(CacheMode.allCases.map(\.rawValue)), "memory|sealed|off", .source, launching,
            key: .init("cache"), default: "off",
            "keep the last delivered secrets, to start without the vault: in memory, or sealed with the machine's key "
                + "over a reboot"),
        OptionDefinition(
            .maxStale, .duration(orOff: false), "DURATION", .source, launching, key: .init("max-stale"),
            default: "24h", "how old the secrets of a start without the vault may be"),
    ]

    private static let delivery: [OptionDefinition] = [
        OptionDefinition(
            .env, .pair, "NAME=REFERENCE", short: "e", .delivery, exporting,
            "deliver a secret as an environment variable (repeatable)"),
        OptionDefinition(
            .envFile, .paths, "FILE", .delivery, exporting, key: .init("env-file"),
            "file of lines NAME=value and NAME=reference: variables nearer than inherited ones, and less near than all "
                + "others (repeatable)"),
        OptionDefinition(
            .file, .pair, "PATH=REFERENCE", short: "f", .delivery, launching,
            "deliver a secret as a file, PATH relative to the secrets directory (repeatable)"),
        OptionDefinition(
            .all, .prefix, "PREFIX", .delivery, exporting,
            "deliver every enabled secret (whose name starts with PREFIX) as environment variables"),
        OptionDefinition(
            .tag, .pair, "KEY=VALUE", .delivery, exporting, "narrow --all to secrets with this tag (repeatable)"),
        OptionDefinition(
            .naming, .choice(NamingStyle.allCases.map(\.rawValue)), "STYLE", .delivery, exporting, key: .init("naming"),
            default: "upper-snake", "how bulk selection names what it delivers"),
        OptionDefinition(
            .ifMissing, .choice(MissingPolicy.allCases.map(\.rawValue)), "POLICY", .delivery, exporting,
            key: .init("if-missing"), default: "error", "what to do about a secret that does not exist"),
        OptionDefinition(
            .directory, .path, "DIR", .delivery, launching, key: .init("directory"),
            default: "'secrets' in $RUNTIME_DIRECTORY, /run/latchkey/INSTANCE, …", "the secrets directory"),
        OptionDefinition(
            .allowDisk, .switch, "", .delivery, launching, key: .init("allow-disk"),
            "let the secrets directory be on a file system that is not tmpfs or ramfs"),
        OptionDefinition(
            .group, .group, "GROUP", .delivery, launching, key: .init("group"),
            "let this group read: directories 0750, files 0440"),
        OptionDefinition(
            .instance, .instance, "NAME", .delivery, launching + [.status, .refresh], key: .init("instance"),
            default: "the command's base name", "names the run, for 'status' and 'refresh'"),
    ]

    private static let refresh: [OptionDefinition] = [
        OptionDefinition(
            .refresh, .duration(orOff: true), "DURATION|off", .refresh, launching, key: .init("refresh", "every"),
            default: "5m", "refresh interval; off: only on request"),
        OptionDefinition(
            .jitter, .percent, "PERCENT", .refresh, launching, key: .init("refresh", "jitter"), default: "10",
            "every interval is drawn from the interval ± PERCENT"),
        OptionDefinition(
            .onChange, .choice(["signal", "restart", "replace", "none", "exec", "reload-unit"]), "ACTION", .refresh,
            launching,
            key: .init("refresh", "on-change"), default: "none, with a warning", "what to do when secrets have changed"),
        OptionDefinition(
            .signal, .signal, "NAME", .refresh, launching, key: .init("refresh", "signal"), default: "HUP",
            "signal to send on a change; implies --on-change signal, unless it is replace: then it tells the running command "
                + "that files have gone back"),
        OptionDefinition(
            .execOnChange, .words, "COMMAND", .refresh, launching, key: .init("refresh", "exec-on-change"),
            "command to run on a change, without a shell; implies --on-change exec"),
        OptionDefinition(
            .onGone, .choice(GoneAction.allCases.map(\.rawValue)), "ACTION", .refresh, launching,
            key: .init("refresh", "on-gone"), default: "keep", "what to do when a required secret is definitely gone"),
        OptionDefinition(
            .signalPID, .signalTarget, "TARGET", .refresh, [.sidecar], key: .init("refresh", "signal-pid"),
            "whom to signal: a PID, a pid file's path, or name:COMMAND"),
        OptionDefinition(
            .reloadUnit, .text, "UNIT", .refresh, [.sidecar], key: .init("refresh", "unit"),
            "unit of systemd's to reload on a change, or restart where it can't reload; implies --on-change reload-unit"
        ),
    ]

    private static let child: [OptionDefinition] = [
        OptionDefinition(
            .once, .switch, "", .child, launching, key: .init("child", "once"),
            "no supervision: fetch, deliver, then become COMMAND in the same process"),
        OptionDefinition(
            .user, .user, "USER[:GROUP]", .child, launching, key: .init("child", "user"),
            "run COMMAND as this user, and deliver files as this user"),
        OptionDefinition(
            .stopSignal, .signal, "NAME", .child, launching, key: .init("child", "stop-signal"), default: "TERM",
            "signal that stops the command on restart and shutdown"),
        OptionDefinition(
            .stopTimeout, .duration(orOff: false), "DURATION", .child, launching, key: .init("child", "stop-timeout"),
            default: "25s", "how long the command may take to stop, before KILL"),
        OptionDefinition(
            .ready, .text, "notify|DURATION|exec:COMMAND", .child, launching, key: .init("child", "ready"),
            default: "2s",
            "when a command counts as ready to replace the running one: it says READY=1 (implies --notify child), it has "
                + "run for so long, or COMMAND ends with 0"),
        OptionDefinition(
            .readyTimeout, .duration(orOff: false), "DURATION", .child, launching, key: .init("child", "ready-timeout"),
            default: "60s", "how long a command may take to become ready, before the running one stays"),
        OptionDefinition(
            .listen, .list, "[NAME=]ADDRESS", .child, launching, key: .init("child", "listen"),
            "socket to open once and hand to every command, as systemd does: tcp:8080, tcp:127.0.0.1:8080, "
                + "tcp:[::]:8080, unix:/run/web.sock[,mode=0660] (repeatable)"),
        OptionDefinition(
            .groupSignal, .switch, "", .child, launching, key: .init("child", "group-signal"),
            "give the command its own process group, and signal all of it"),
        OptionDefinition(
            .pristine, .switch, "", .child, launching, key: .init("child", "pristine"),
            "hand over only PATH, HOME, USER, LANG, LC_*, TERM, TZ, SHELL, systemd's variables and what is delivered"),
        OptionDefinition(
            .keepIdentity, .switch, "", .child, launching, key: .init("child", "keep-identity"),
            "leave the identity's endpoints and credentials in the command's environment"),
        OptionDefinition(
            .notify, .choice(NotifyMode.allCases.map(\.rawValue)), "WHO", .child, launching,
            key: .init("child", "notify"), default: "launcher", "who reports readiness to systemd"),
    ]

    private static let output: [OptionDefinition] = [
        OptionDefinition(
            .logFormat, .choice(["auto", "text", "json", "journal"]), "FORMAT", .output, all,
            key: .init("log", "format"), default: "auto",
            "how messages are written; auto is journal when stderr is the journal, text elsewhere"),
        OptionDefinition(
            .logLevel, .choice(["error", "warning", "info", "debug"]), "LEVEL", .output, all,
            key: .init("log", "level"), default: "info", "the least severity that is logged"),
        OptionDefinition(
            .json, .switch, "", .output, [.check, .list, .status], isSetting: false, "write JSON"),
        OptionDefinition(
            .explain, .switch, "", .output, [.check], isSetting: false, "say why each choice was made"),
        OptionDefinition(
            .prometheus, .switch, "", .output, [.status], isSetting: false, "write metrics for Prometheus"),
        OptionDefinition(
            .wait, .switch, "", .output, [.refresh], isSetting: false, "return when the refresh has ended"),
        OptionDefinition(
            .format, .choice(ExportFormat.allCases.map(\.rawValue)), "FORMAT", .output, [.export], isSetting: false,
            "how the variables are written"),
        OptionDefinition(
            .reveal, .switch, "", .output, [.export, .render], isSetting: false, "write to a terminal, too"),
        OptionDefinition(
            .from, .text, "FILE|-", .output, [.initialize], isSetting: false,
            "make it from what another tool reads, not from the vault: JSON of a SecretProviderClass, of akv2k8s, of App "
                + "Service settings or of a container app, or a .env file; - for standard input"),
        OptionDefinition(
            .output, .text, "FILE|-", .output, [.initialize], default: "./latchkey.toml", isSetting: false,
            "file to write, which must not exist; - for standard output"),
    ]
}
