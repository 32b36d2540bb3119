import Glibc
import LaunchConfiguration
import Messages
import Secrets
import Testing
import WorkerProtocol

/// Every option, its variable and its key are three ways to say the same.
@Suite struct SettingTests {
    /// Two values that an option takes, and one that it refuses.
    struct Sample: Sendable, CustomTestStringConvertible {
        let id: OptionID
        let values: [String]
        let refused: String?

        init(_ id: OptionID, _ values: String..., refused: String?) {
            self.id = id
            self.values = values
            self.refused = refused
        }

        var testDescription: String { id.rawValue }
        var definition: OptionDefinition { OptionTable.definition(id) }

        /// The subcommand and what has to follow its options.
        var command: (words: [String], end: [String]) {
            let words = id == .naming ? ["run", "--all"] : ["run"]
            return definition.commands.contains(.run)
                ? (words, ["--", "/usr/bin/app"]) : (["sidecar", "-f", "a=b"], [])
        }
    }

    static let samples = [
        Sample(.vault, "contoso-web", "https://vault.contoso.example", refused: "a b"),
        Sample(.vaultSuffix, "vault.azure.cn", "vault.localhost:8443", refused: "web.vault.azure.net"),
        Sample(.identity, "imds", "azure-cli", refused: "aws"),
        Sample(.clientID, "id-1", "id-2", refused: "a b"),
        Sample(.objectID, "id-1", "id-2", refused: "a b"),
        Sample(.resourceID, "/subscriptions/1", "/subscriptions/2", refused: "a b"),
        Sample(.authoritiesFile, "/etc/a.pem", "/etc/b.pem", refused: nil),
        Sample(.startTimeout, "5s", "2m", refused: "soon"),
        Sample(.cache, "memory", "off", refused: "disk"),
        Sample(.maxStale, "1h", "2h", refused: "never"),
        Sample(.naming, "dotnet", "verbatim", refused: "camel"),
        Sample(.ifMissing, "warn", "ignore", refused: "panic"),
        Sample(.directory, "/run/a", "/run/b", refused: nil),
        Sample(.allowDisk, "1", "0", refused: nil),
        Sample(.group, "tls", "www-data", refused: "nosuch"),
        Sample(.instance, "one", "two", refused: "a/b"),
        Sample(.refresh, "30s", "off", refused: "often"),
        Sample(.jitter, "20", "0", refused: "101"),
        Sample(.onChange, "restart", "none", refused: "reboot"),
        Sample(.signal, "USR1", "RTMIN+3", refused: "NOSUCH"),
        Sample(.execOnChange, "nginx -s reload", "true", refused: "'open"),
        Sample(.onGone, "stop", "keep", refused: "forget"),
        Sample(.reloadUnit, "nginx", "web@1.socket", refused: "a/b"),
        Sample(.signalPID, "4711", "name:nginx", refused: "name:"),
        Sample(.once, "1", "0", refused: nil),
        Sample(.user, "www-data", "root", refused: "nosuch"),
        Sample(.stopSignal, "INT", "QUIT", refused: "NOSUCH"),
        Sample(.stopTimeout, "1s", "2s", refused: "soon"),
        Sample(.ready, "5s", "exec:curl -sf localhost", refused: "soon"),
        Sample(.readyTimeout, "3s", "2m", refused: "2s"),
        Sample(.groupSignal, "1", "0", refused: nil),
        Sample(.pristine, "1", "0", refused: nil),
        Sample(.keepIdentity, "1", "0", refused: nil),
        Sample(.notify, "child", "launcher", refused: "nobody"),
        Sample(.logFormat, "json", "text", refused: "xml"),
        Sample(.logLevel, "debug", "error", refused: "loud"),
    ]

    @Test func `there is a sample of every option that has a key`() {
        // One that repeats has no variable: `ListenTests`.
        let keyed = OptionTable.definitions.filter { $0.key != nil && !$0.isRepeatable }.map(\.id)
        #expect(Set(keyed) == Set(Self.samples.map(\.id)))
    }

    private func option(_ sample: Sample, _ value: String) -> [String] {
        guard sample.definition.kind != .switch else { return value == "1" ? ["--\(sample.id.rawValue)"] : [] }
        return ["--\(sample.id.rawValue)", value]
    }

    private func toml(_ sample: Sample, _ value: String) throws -> String {
        let key = try #require(sample.definition.key)
        let written =
            switch sample.definition.kind {
            case .switch: value == "1" ? "true" : "false"
            case .percent: value
            default: "\"\(value)\""
            }
        return (key.table.map { "[\($0)]\n" } ?? "") + "\(key.name) = \(written)\n"
    }

    /// The plan without what says where it came from.
    private func plan(
        _ sample: Sample, option: String? = nil, variable: String? = nil, file: String? = nil
    ) throws -> LaunchPlan {
        let directory = Directory(try file.map { try toml(sample, $0) })
        let words = sample.command.words + (option.map { self.option(sample, $0) } ?? []) + sample.command.end
        // Without a default vault the names that are delivered would have none.
        let vault = sample.id == .vault ? [] : ["--vault", "contoso-web"]
        let arguments = [words[0]] + vault + words.dropFirst()
        let name = try #require(sample.definition.environmentName)
        var plan = try directory.parse(arguments, variable.map { [name: $0] } ?? [:]).plan
        plan.startup = StartupSettings()
        plan.configurationPath = nil
        plan.vaultSuffixLocation = nil
        plan.notices = []
        plan.child.commandIndex = nil
        return plan
    }

    @Test(arguments: samples)
    func `option, variable and key give the same plan`(sample: Sample) throws {
        for value in sample.values {
            let given = try plan(sample, option: value)
            #expect(try plan(sample, variable: value) == given)
            #expect(try plan(sample, file: value) == given)
        }
        #expect(try plan(sample, option: sample.values[0]) != plan(sample, option: sample.values[1]))
    }

    @Test(arguments: samples)
    func `an option wins over its variable, and that over its key`(sample: Sample) throws {
        let (first, second) = (sample.values[0], sample.values[1])
        #expect(try plan(sample, option: first, variable: second, file: second) == plan(sample, option: first))
        #expect(try plan(sample, variable: second, file: first) == plan(sample, variable: second))
        #expect(try plan(sample, variable: "", file: first) == plan(sample, file: first))
    }

    @Test(arguments: samples.filter { $0.refused != nil })
    func `a bad value is 64 of an option, 78 of a variable, 78 with its location in the file`(sample: Sample) throws {
        let refused = try #require(sample.refused)
        let words = sample.command.words
        let bad = Directory().mistake(
            [words[0], "--\(sample.id.rawValue)", refused] + words.dropFirst() + sample.command.end)
        #expect(bad.code == 64)
        #expect(bad.lines[0].hasPrefix("latchkey: error[option-value]: option '--\(sample.id.rawValue)': "))

        let name = try #require(sample.definition.environmentName)
        let variable = Directory().mistake(words + sample.command.end, [name: refused])
        #expect(variable.code == 78)
        #expect(variable.lines[0].hasPrefix("latchkey: error[environment-value]: environment variable '\(name)': "))

        let key = try #require(sample.definition.key)
        let file = Directory(try toml(sample, refused)).mistake(words + sample.command.end)
        let line = key.table == nil ? 1 : 2
        #expect(file.code == 78)
        #expect(
            file.lines[0].hasPrefix(
                "latchkey: error[config-value]: latchkey.toml:\(line):\(key.name.count + 4): '\(key)': "))
    }

    private static let durations = samples.filter { sample in
        if case .duration = sample.definition.kind { true } else { false }
    }

    @Test(arguments: durations)
    func `a number without a unit is refused, wherever it is given, with the hint that asks for one`(
        sample: Sample
    ) throws {
        let (words, end) = sample.command
        let key = try #require(sample.definition.key)
        let name = try #require(sample.definition.environmentName)
        let hint = "latchkey: hint: write a number with a unit, such as 30s, 5m or 1h30m"
        for number in ["5", "05", "1.5", "00"] {
            let option = Directory().mistake(words + ["--\(sample.id.rawValue)", number] + end)
            let variable = Directory().mistake(words + end, [name: number])
            let file = Directory(try toml(sample, number)).mistake(words + end)
            #expect([option, variable, file].map(\.code) == [64, 78, 78])
            #expect([option, variable, file].allSatisfy { $0.lines.last == hint }, "\(option) \(variable) \(file)")
        }
        let table = key.table.map { "[\($0)]\n" } ?? ""
        let unquoted = Directory("\(table)\(key.name) = 5\n").mistake(words + end)
        #expect(unquoted.code == 78)
        #expect(unquoted.lines[0].hasSuffix("has to be a duration in quotes, such as \"30s\", not a whole number"))
    }

    @Test func `zero needs no unit`() throws {
        #expect(try Directory().plan(["--stop-timeout", "0"]).child.stopTimeout == .zero)
        #expect(try Directory().plan(["--start-timeout=0s"]).startTimeout == .zero)
    }

    @Test(arguments: samples)
    func `a key of another type is refused`(sample: Sample) throws {
        let key = try #require(sample.definition.key)
        let text = (key.table.map { "[\($0)]\n" } ?? "") + "\(key.name) = 1.5\n"
        let mistake = Directory(text).mistake(sample.command.words + sample.command.end)
        #expect(mistake.code == 78)
        #expect(mistake.lines[0].contains("has to be"))
    }

    @Test func `a switch's variable is 1 or 0`() {
        #expect(
            Directory().mistake(["run", "--", "app"], ["LATCHKEY_ONCE": "yes"])
                == Mistake(
                    78, "error[environment-value]: environment variable 'LATCHKEY_ONCE': has to be 1 or 0, not 'yes'"))
    }

    @Test func `of an option that is repeated the last one counts`() throws {
        #expect(try Directory().plan(["--refresh", "1m", "--refresh=2m"]).refresh.interval == .seconds(120))
    }

    @Test func `defaults are those of the manual`() throws {
        let plan = try Directory().plan()
        #expect(plan.refresh.interval == .seconds(300))
        #expect(plan.refresh.jitter == 10)
        #expect(plan.refresh.onChange == .unset)
        #expect(plan.refresh.onGone == .keep)
        #expect(plan.refresh.cache == .off)
        #expect(plan.refresh.maxStale == .seconds(86_400))
        #expect(plan.child.stopSignal == 15)
        #expect(plan.child.stopTimeout == .seconds(25))
        #expect(plan.startTimeout == .seconds(90))
        #expect(plan.identity.source == .auto)
        #expect(plan.notify == .launcher)
        #expect(plan.ifMissing == .error)
    }

    @Test(arguments: [["check", "--", "app"], ["list", "--vault", "contoso-web"], ["get", "akv://contoso-web/a"]])
    func `what people wait for gives up after 15 seconds`(arguments: [String]) throws {
        let directory = Directory("start-timeout = \"5m\"")
        #expect(try directory.parse(arguments).plan.startTimeout == .seconds(15))
    }

    @Test func `a child that says itself that it is ready speaks to systemd`() throws {
        let plan = try Directory().plan(["--on-change", "replace", "--ready", "notify"])
        #expect(plan.refresh.onChange == .replace(signal: nil))
        let told = try Directory().plan(["--on-change", "replace", "--signal", "USR1"])
        #expect(told.refresh.onChange == .replace(signal: SIGUSR1))
        #expect(plan.child.ready == .notify)
        #expect(plan.notify == .child)
        let contradiction = Directory().mistake(["run", "--ready", "notify", "--notify", "launcher", "--", "app"])
        #expect(contradiction.code == 64)
        let asking = try Directory().plan(["--ready", "exec:curl -sf 'a b'"])
        #expect(asking.child.ready == .command(["curl", "-sf", "a b"]))
        #expect(try Directory().plan().child.ready == .after(milliseconds: 2000))
    }

    @Test func `naming a signal or a command chooses the action`() throws {
        #expect(try Directory().plan(["--signal", "USR2"]).refresh.onChange == .signal(SIGUSR2))
        #expect(try Directory().plan(["--on-change", "signal"]).refresh.onChange == .signal(SIGHUP))
        #expect(
            try Directory().plan(["--exec-on-change", "nginx -s 're load'"]).refresh.onChange
                == .exec(["nginx", "-s", "re load"]))
    }

    @Test func `a variable that nobody reads is said where its name is nearly another's`() throws {
        let environment: KeyValuePairs = [
            "LATCHKEY_VALUT": "contoso-web", "LATCHKEY_SECRETS": "/run/a", "LATCHKEY_UNRELATED": "x", "VALUT": "y",
        ]
        let parsed = try CommandLine.parse(
            Directory().invocation(["run", "--vault", "contoso-web", "-e", "A=a", "--", "app"], environment))
        guard case .run(let plan) = parsed else {
            Issue.record("no run")
            return
        }
        #expect(
            plan.notices == [
                Message(
                    .warning, .optionUnused, "environment variable 'LATCHKEY_VALUT': nothing reads it",
                    hint: "did you mean 'LATCHKEY_VAULT'?")
            ])
    }
}
