import LinuxSystem
import Messages
import NameServices
import Secrets
import WorkerProtocol

/// Makes a plan from settings and entries.
struct PlanBuilder {
    let command: CommandName
    let arguments: Arguments
    let settings: Settings
    let configuration: ConfigurationText?
    let invocation: Invocation

    /// The plan of commands that deliver nothing: identity, vault, trust, messages.
    func sourcePlan() throws(ConfigurationError) -> LaunchPlan {
        var plan = LaunchPlan()
        plan.identity.source = try settings.choice(.identity) ?? .auto
        plan.identity.clientID = try settings.identifier(.clientID)
        plan.identity.objectID = try settings.identifier(.objectID)
        plan.identity.resourceID = try settings.identifier(.resourceID)
        plan.vaultSuffix = try settings.vaultSuffix() ?? plan.vaultSuffix
        plan.vaultSuffixLocation = settings[.vaultSuffix]?.origin.location
        plan.vault = try settings.vault(plan.vaultSuffix)
        plan.authoritiesFile = settings[.authoritiesFile]?.text
        plan.log = try settings.log()
        plan.startTimeout = .seconds(15)
        plan.configurationPath = configuration?.path
        return plan
    }

    /// The plan of `run`, `sync`, `sidecar` and `check`.
    func launchPlan() throws(ConfigurationError) -> LaunchPlan {
        var plan = try sourcePlan()
        plan.startTimeout = try startTimeout()
        plan.ifMissing = try settings.choice(.ifMissing) ?? .error
        plan.refresh = try refreshPlan()
        plan.child = try childPlan()
        plan.child.listen = try listen(plan.child)
        plan.delivery.directory = settings[.directory]?.text
        plan.delivery.allowDisk = settings.isSet(.allowDisk)
        plan.delivery.group = try group()
        plan.notify = try notifyMode(plan.child.ready)
        plan.instance = try instance()
        plan.defaultInstance = defaultInstance()
        plan.signalTarget = try settings.read(.signalPID) { text throws(ValueProblem) in
            try OptionText.signalTarget(text, in: invocation.workingDirectory)
        }
        try addEntries(to: &plan)
        (plan.startup, plan.restartKeys) = startup(plan)
        return plan
    }

    /// The plan of `export`: variables only.
    func exportPlan() throws(ConfigurationError) -> LaunchPlan {
        var plan = try sourcePlan()
        plan.ifMissing = try settings.choice(.ifMissing) ?? .error
        try addEntries(to: &plan)
        plan.notices += plan.files.compactMap { item in
            item.pathVariable.map { name in
                Message(
                    .warning, .optionUnused, "\(item.location): '\(name)' is left out: 'export' delivers no files")
            }
        }
        plan.items.removeAll { $0.path != nil }
        plan.selections.removeAll { $0.target == .files }
        return plan
    }

    /// The plan of `credential`.
    func credentialPlan() throws(ConfigurationError) -> LaunchPlan {
        var plan = try sourcePlan()
        let reader = configuration.map { EntryReader($0, plan.references, naming: .upperSnake) }
        plan.credentials = try reader?.credentials() ?? [:]
        plan.fallbacks = try Fallbacks.adding(
            arguments.given, to: try reader?.fallbacks() ?? [:], plan.vaultSuffix)
        guard !plan.credentials.isEmpty else {
            throw ConfigurationError(
                .nothingToDeliver, exit: .configuration, "no credentials are configured",
                hint: "add [credentials.\"UNIT\"] with NAME = REFERENCE to the file that --config names")
        }
        return plan
    }

    /// The instance's name, if any was given.
    func instance() throws(ConfigurationError) -> String? {
        try settings.read(.instance) { name throws(ValueProblem) in
            try NameTexts.checkInstance(name)
            return name
        }
    }

    // MARK: parts

    /// `check` ignores the configured start timeout, so that it answers soon; only its own option counts.
    private func startTimeout() throws(ConfigurationError) -> Duration {
        if command == .check, settings[.options][.startTimeout] == nil { return .seconds(15) }
        return try settings.duration(.startTimeout) ?? .seconds(90)
    }

    private func refreshPlan() throws(ConfigurationError) -> RefreshPlan {
        var plan = RefreshPlan()
        if settings[.refresh]?.text == "off" {
            plan.interval = nil
        } else {
            plan.interval = try settings.duration(.refresh, atLeast: .milliseconds(100)) ?? plan.interval
        }
        plan.jitter = try settings.read(.jitter, OptionText.percent) ?? plan.jitter
        plan.onChange = try ChangeActionReader(settings: settings, command: command).read()
        plan.onGone = try settings.choice(.onGone) ?? plan.onGone
        plan.cache = try settings.choice(.cache) ?? .off
        plan.maxStale = try settings.duration(.maxStale) ?? plan.maxStale
        return plan
    }

    private func childPlan() throws(ConfigurationError) -> ChildPlan {
        var plan = ChildPlan()
        plan.commandIndex = arguments.commandIndex
        plan.once = settings.isSet(.once)
        plan.stopSignal = try settings.read(.stopSignal, OptionText.stopSignal) ?? plan.stopSignal
        plan.stopTimeout = try settings.duration(.stopTimeout) ?? plan.stopTimeout
        plan.ready = try settings.read(.ready, ReadinessText.parse) ?? plan.ready
        plan.readyTimeout = try settings.duration(.readyTimeout, atLeast: .milliseconds(1)) ?? plan.readyTimeout
        if case .after(let milliseconds) = plan.ready, milliseconds >= plan.readyTimeout.wholeMilliseconds,
            let setting = settings[.ready] ?? settings[.readyTimeout]
        {
            throw setting.origin.error(
                ValueProblem(
                    "nothing is ready before the ready timeout has passed", hint: "give a longer --ready-timeout"))
        }
        plan.groupSignal = settings.isSet(.groupSignal)
        plan.pristine = settings.isSet(.pristine)
        plan.keepIdentity = settings.isSet(.keepIdentity)
        plan.runAs = try runAs()
        return plan
    }

    /// A path belongs to COMMAND's user and to the group that is to read what is delivered.
    private func listen(_ child: ChildPlan) throws(ConfigurationError) -> [ListenAddress] {
        guard let setting = settings[.listen] else { return [] }
        if child.once {
            throw setting.origin.error(
                ValueProblem("with '--once' no process stays that could hold a socket", hint: "leave out one of them"))
        }
        let user = child.runAs?.identity.user ?? ProcessFiles.ownUser
        let group = try group() ?? child.runAs?.identity.group ?? ProcessFiles.ownUserGroup
        return try settings.read(.listen) { text throws(ValueProblem) in
            try ListenText.parseAll(text, user: user, group: group)
        } ?? []
    }

    /// A child that is ready when it says so reports to systemd itself.
    private func notifyMode(_ ready: Readiness) throws(ConfigurationError) -> NotifyMode {
        let mode = try settings.choice(.notify, NotifyMode.self)
        guard ready == .notify else { return mode ?? .launcher }
        if mode == .launcher, let setting = settings[.ready] {
            throw setting.origin.error(
                ValueProblem("'notify' contradicts notify 'launcher'", hint: "leave out '--notify', or take 'child'"))
        }
        return .child
    }

    private func runAs() throws(ConfigurationError) -> RunAs? {
        if let startup = invocation.startup { return startup.runAs }
        return try resolve(.user) { text throws(UserText.Failure) in
            try UserText(service: invocation.nameService).runAs(text)
        }
    }

    private func group() throws(ConfigurationError) -> UInt32? {
        if let startup = invocation.startup { return startup.group }
        return try resolve(.group) { text throws(UserText.Failure) in
            try UserText(service: invocation.nameService).group(text)
        }
    }

    private func resolve<Value>(
        _ id: OptionID, _ body: (String) throws(UserText.Failure) -> Value
    ) throws(ConfigurationError) -> Value? {
        guard let setting = settings[id] else { return nil }
        do { return try body(setting.text) } catch {
            switch error {
            case .value(let problem): throw setting.origin.error(problem)
            case .system(let failure):
                throw ConfigurationError(
                    .systemRefused, exit: .system, "option '--\(id.rawValue)': \(failure.description)")
            }
        }
    }

    private func defaultInstance() -> String {
        guard let index = arguments.commandIndex else { return command == .check ? "latchkey" : command.rawValue }
        return NameTexts.instance(ofCommand: invocation.arguments[index])
    }

    // MARK: entries

    private func addEntries(to plan: inout LaunchPlan) throws(ConfigurationError) {
        let naming = try settings.choice(.naming, NamingStyle.self) ?? .upperSnake
        let reader = configuration.map { EntryReader($0, plan.references, naming: naming) }
        var entries = try DeliveryEntries(reader)
        try entries.add(arguments.given, all: settings.given(.all), plan.references, naming: naming)
        plan.items = entries.items
        plan.selections = entries.selections
        plan.credentials = try reader?.credentials() ?? [:]
        plan.fallbacks = try Fallbacks.adding(
            arguments.given, to: try reader?.fallbacks() ?? [:], plan.vaultSuffix)
        let configured = Set(plan.items.compactMap(\.variable))
        let files = try EnvironmentFiles(environmentFiles(), except: configured, plan.references)
        plan.items = files.references + plan.items
        (plan.literals, plan.environmentFiles) = (files.literals, files.summaries)
        if command.resolvesInherited {
            let nearer = configured.union(files.references.compactMap(\.variable)).union(files.literals.map(\.name))
            plan.items =
                try InheritedReferences(suffix: plan.vaultSuffix).find(in: invocation.environment, except: nearer)
                + plan.items
        }
        plan.notices = try notices(plan) + files.notices
    }

    private func environmentFiles() -> [(path: String, name: String)] {
        (settings[.envFile]?.text.split(separator: "\n") ?? []).map { path in
            (String(path), invocation.displayed(String(path)))
        }
    }

    private func notices(_ plan: LaunchPlan) throws(ConfigurationError) -> [Message] {
        try deliveryNotices(plan) + namesForNoShell(plan) + mistypedVariables()
    }

    /// Warnings for variables whose names a shell drops or can't refer to.
    private func namesForNoShell(_ plan: LaunchPlan) -> [Message] {
        plan.items.compactMap { item in
            guard item.origin == .configuration, let name = item.variable else { return nil }
            return Message.forNoShell(name, item.location)
        }
    }

    /// Warnings for unknown variables whose names are similar to known ones.
    private func mistypedVariables() -> [Message] {
        let prefix = "LATCHKEY_"
        let known = OptionTable.definitions.compactMap(\.environmentName)
        let ends = known.map { String($0.dropFirst(prefix.count)) }
        return invocation.environment.pairs.compactMap { pair in
            let name = String(decoding: pair.name, as: UTF8.self)
            // A variable that the command of another instance has inherited is not a mistake.
            let isOurs = known.contains(name) || NameTexts.ownVariables.contains(name)
            guard name.hasPrefix(prefix), !isOurs,
                let near = Suggestion.nearest(to: String(name.dropFirst(prefix.count)), among: ends)
            else { return nil }
            return Message(
                .warning, .optionUnused, "environment variable '\(name)': nothing reads it",
                hint: "did you mean '\(prefix)\(near)'?")
        }
    }

    private func deliveryNotices(_ plan: LaunchPlan) throws(ConfigurationError) -> [Message] {
        let isEmpty = plan.items.isEmpty && plan.selections.isEmpty && plan.literals.isEmpty
        let found = configuration == nil ? "; there is no ./latchkey.toml" : ""
        if isEmpty, !command.resolvesInherited {
            throw .usage(
                .nothingToDeliver, "nothing to deliver was named\(found)", hint: "name files with -f or in [files]")
        }
        if isEmpty {
            return [
                Message(
                    .warning, .nothingToDeliver, "nothing to deliver was named\(found)",
                    hint: "name secrets with -e, -f, --all or in the configuration file")
            ]
        }
        return unseenVariable(plan).map { [$0] } ?? []
    }

    /// The first variable that no process would get: with `sync`, and with a `sidecar` without a command on change.
    private func unseenVariable(_ plan: LaunchPlan) -> Message? {
        let isOfSidecar = command == .sidecar
        if case .exec = plan.refresh.onChange, isOfSidecar { return nil }
        let selection = plan.selections.first { $0.target == .environment }
        let location = plan.environment.first?.location ?? selection?.location ?? plan.inherited.first?.location
        guard command == .sync || isOfSidecar, let location = location ?? plan.literals.first?.location else {
            return nil
        }
        return Message(
            .warning, .optionUnused, "\(location): '\(command.rawValue)' starts no command that could get variables",
            hint: "deliver files with -f" + (isOfSidecar ? ", or name a command with --exec-on-change" : ""))
    }

    // MARK: what a refresh does not change

    private func startup(_ plan: LaunchPlan) -> (StartupSettings, [String]) {
        var now = StartupSettings()
        var changed: [String] = []
        for definition in OptionTable.definitions(for: command) {
            guard let key = definition.key, !definition.isAppliedByRefresh else { continue }
            let text = settings.given(definition.id)?.text
            now.values[definition.name] = text
            if let startup = invocation.startup, startup.values[definition.name] != text {
                changed.append(key.description)
            }
        }
        if let startup = invocation.startup { return (startup, changed) }
        now.configurationPath = plan.configurationPath
        now.configurationIsFound = settings[.config] == nil
        now.runAs = plan.child.runAs
        now.group = plan.delivery.group
        return (now, [])
    }
}
