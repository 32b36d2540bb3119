import LaunchConfiguration
import Messages
import Secrets
import Testing

@Suite struct EntryTests {
    @Test func `an option takes the location of the file's entry of its name`() throws {
        let directory = Directory("vault = \"contoso-web\"\n[env]\nA = \"old\"\nB = \"b\"\n[files]\n\"f\" = \"old\"")
        let plan = try directory.plan(["-e", "A=new", "-f", "f=new"])
        #expect(plan.environment.map(\.target.name) == ["B", "A"])
        #expect(plan.environment.last?.content.references == [secret("new")])
        #expect(plan.files.map(\.content) == [.object(ObjectRequest(reference: secret("new")))])
    }

    @Test func `two options for one name are refused, and both are named`() {
        #expect(
            Directory().mistake(["run", "--vault", "contoso-web", "-e", "A=x", "-e", "A=y", "--", "app"])
                == Mistake(
                    78,
                    "error[config-duplicate]: the variable 'A' is given twice: 'x' by '-e A=…' and 'y' by '-e A=…'",
                    hint: "keep one of them"))
    }

    @Test func `what has no equals sign may be a value, and is not repeated`() {
        let mistake = Directory().mistake(["run", "-e", "hunter2", "--", "app"])
        let hint = "write it as in '-e DB_PASSWORD=db-password'"
        #expect(mistake == Mistake(64, "error[option-value]: option '-e': expected NAME=REFERENCE", hint: hint))
    }

    @Test func `an inherited reference is resolved in location`() throws {
        let environment: KeyValuePairs = [
            "PLAIN": "value", "DB": "akv://contoso-web/db-password",
            "APP": "@Microsoft.KeyVault(VaultName=contoso-web;SecretName=app)", "TEXT": "see akv://contoso-web/x",
        ]
        let plan = try Directory().plan([], environment)
        #expect(plan.inherited.map(\.target.name) == ["DB", "APP"])
        #expect(plan.inherited.flatMap(\.content.references) == [secret("db-password"), secret("app")])
    }

    @Test func `a configured variable replaces an inherited reference`() throws {
        let plan = try Directory().plan(["--vault", "contoso-web", "-e", "DB=x"], ["DB": "akv://contoso-web/y"])
        #expect(plan.inherited.isEmpty)
    }

    @Test func `an inherited reference that can't be read starts nothing, and is not repeated`() {
        let mistake = Directory().mistake(["run", "--", "app"], ["DB": "@Microsoft.KeyVault(SecretUri=hunter2)"])
        #expect(mistake.code == 78)
        #expect(mistake.lines[0].hasPrefix("latchkey: error[environment-value]: environment variable 'DB': "))
        #expect(!mistake.description.contains("hunter2"))
    }

    @Test func `bulk selection has prefix, tags and naming`() throws {
        let plan = try Directory().plan(
            ["--vault", "contoso-web", "--all=web--", "--tag", "app=web", "--naming", "dotnet"])
        let selection = try #require(plan.selections.first)
        #expect(selection.prefix == "web--")
        #expect(selection.tags == ["app": "web"])
        #expect(selection.naming == .dotnet)
        #expect(selection.target == .environment)
        #expect(try Directory().plan(["--vault", "contoso-web"], ["LATCHKEY_ALL": "1"]).selections.count == 1)
    }

    @Test(arguments: ["LATCHKEY_SECRETS", "LATCHKEY_CHANGED"])
    func `a variable that latchkey sets itself can't be delivered`(name: String) {
        let mistake = Directory().mistake(["run", "--vault", "contoso-web", "-e", "\(name)=x", "--", "app"])
        #expect(mistake.code == 64)
    }

    @Test(arguments: ["1FOO", "my.setting", "Logging:Level", "größe", "A-B", "A@"])
    func `a name that no shell can read is a warning, wherever it is given`(name: String) throws {
        func warning(_ location: String) -> Message {
            Message(
                .warning, .variableName, "\(location): no shell can read a variable of the name '\(name)'",
                hint: "take letters, digits and '_', and no digit first, unless the program itself reads that name")
        }
        let vault = "vault = \"contoso-web\"\n"
        let option = try Directory(vault).plan(["-e", "\(name)=x"])
        #expect(option.environment.map(\.target.name) == [name])
        #expect(option.notices == [warning("'-e \(name)=…'")])
        let key = try Directory(vault + "[env]\n\"\(name)\" = \"x\"\n").plan()
        #expect(key.notices == [warning("latchkey.toml:3:1")])
        let path = try Directory(vault + "[files.a]\nsecret = \"x\"\nenv = \"\(name)\"\n").plan()
        #expect(path.notices == [warning("latchkey.toml:2:8")])
    }

    @Test(arguments: ["A", "_", "_1", "a1_B"])
    func `a name that a shell can read is none`(name: String) throws {
        #expect(try Directory().plan(["--vault", "contoso-web", "-e", "\(name)=x"]).notices.isEmpty)
    }

    @Test(arguments: ["A B", " A", "A ", "A\tB", "A\nB", "A\u{a0}B", "A\u{1b}[31m", "A\u{7f}", " "])
    func `a name with a blank or a control character is refused, wherever it is given`(name: String) {
        let reason = "a variable's name holds no blanks and no control characters"
        let vault = "vault = \"contoso-web\"\n"
        let quoted = name.unicodeScalars.map { $0.value < 0x21 || $0.value == 0x7f ? #"\u00"# + hex($0) : "\($0)" }
            .joined()
        let option = Directory(vault).mistake(["run", "-e", "\(name)=x", "--", "app"])
        let key = Directory(vault + "[env]\n\"\(quoted)\" = \"x\"\n").mistake(["run", "--", "app"])
        let path = Directory(vault + "[files.a]\nsecret = \"x\"\nenv = \"\(quoted)\"\n")
            .mistake(["run", "--", "app"])
        #expect([option, key, path].map(\.code) == [64, 78, 78])
        #expect([option, key, path].allSatisfy { $0.lines[0].hasSuffix(reason) }, "\(option) \(key) \(path)")
    }

    private func hex(_ scalar: Unicode.Scalar) -> String {
        (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
    }

    @Test(arguments: [
        (["-e", "A=x"], "", "'-e A=…'"), (["--all"], "", "'--all'"), ([], "[env]\nA = \"x\"\n", "latchkey.toml:2:1"),
        ([], "[[select]]\nprefix = \"x\"\n", "latchkey.toml:1:1"),
    ])
    func `a variable that nothing would see is a warning`(options: [String], file: String, location: String) throws {
        let directory = Directory("vault = \"contoso-web\"\n" + file)
        let line =
            location.hasPrefix("latchkey.toml")
            ? "latchkey.toml:\((Int(location.split(separator: ":")[1]) ?? 0) + 1):1" : location
        for command in ["sync", "sidecar"] {
            let notices = try directory.parse([command, "-f", "a=b"] + options).plan.notices
            let isOfSidecar = command == "sidecar"
            #expect(
                notices == [
                    Message(
                        .warning, .optionUnused, "\(line): '\(command)' starts no command that could get variables",
                        hint: "deliver files with -f" + (isOfSidecar ? ", or name a command with --exec-on-change" : "")
                    )
                ])
        }
        // The command on change gets them.
        #expect(try directory.parse(["sidecar", "--exec-on-change", "x"] + options).plan.notices.isEmpty)
        #expect(try directory.parse(["run"] + options + ["--", "app"]).plan.notices.isEmpty)
    }

    @Test func `credentials belong to units`() throws {
        let directory = Directory("vault = \"contoso-web\"\n[credentials.\"web.service\"]\ntoken = \"web-token\"")
        #expect(try directory.parse(["credential"]).plan.credentials == ["web.service": ["token": secret("web-token")]])
    }

    @Test func `a refresh changes what it may, and names what needs a restart`() throws {
        let directory = Directory("vault = \"contoso-web\"\n[env]\nA = \"a\"\n[refresh]\nevery = \"1m\"")
        let first = try directory.plan()
        directory.write(
            "vault = \"other-vault\"\n[env]\nB = \"b\"\n[refresh]\nevery = \"2m\"\n[child]\nuser = \"root\"")
        let second = try directory.plan(startup: first.startup)
        #expect(second.vault == contoso)
        #expect(second.environment.map(\.target.name) == ["B"])
        #expect(second.refresh.interval == .seconds(120))
        #expect(second.child.runAs == nil)
        #expect(second.restartKeys.sorted() == ["child.user", "vault"])
    }
}
