import LaunchConfiguration
import Testing

/// What a user sees of a mistake on the command line: one line, its exit code, the next step.
@Suite struct CommandLineMistakeTests {
    static let behindSubcommand = "options follow the subcommand, as in 'latchkey run --vault NAME -- COMMAND'"
    static let runHint = "write 'latchkey run [options] -- COMMAND'"

    static let mistakes: [([String], Mistake)] = [
        (
            [],
            Mistake(
                64, "error[command-missing]: no subcommand was given",
                hint: "see 'latchkey --help'; to start a command, 'latchkey run [options] -- COMMAND'")
        ),
        (
            ["--", "app"],
            Mistake(
                64, "error[command-missing]: no subcommand was given",
                hint: "to start a command, write 'latchkey run [options] -- COMMAND'")
        ),
        (["runn"], Mistake(64, "error[command-unknown]: unknown subcommand 'runn'", hint: "did you mean 'run'?")),
        (
            ["doctor"],
            Mistake(64, "error[command-unknown]: unknown subcommand 'doctor'", hint: "did you mean 'check'?")
        ),
        (
            ["completions", "bash"],
            Mistake(
                64, "error[command-unknown]: unknown subcommand 'completions'",
                hint: "did you mean '--generate-completion-script bash'?")
        ),
        (
            ["--versoin"],
            Mistake(
                64, "error[option-unknown]: unknown option '--versoin' in front of a subcommand",
                hint: "did you mean '--version'?")
        ),
        (
            ["run", "--hlep", "--", "app"],
            Mistake(64, "error[option-unknown]: unknown option '--hlep'", hint: "did you mean '--help'?")
        ),
        (
            ["get", "https://contoso-web.vault.azure.net/x"],
            Mistake(
                64,
                "error[reference-syntax]: argument REFERENCE: not a reference: a vault's URL goes on with /secrets, "
                    + "/certificates or /keys (at character 37)",
                hint: "write NAME, NAME/VERSION, https://HOST/secrets/NAME or akv://VAULT/NAME")
        ),
        (
            ["--vault", "x"],
            Mistake(
                64, "error[option-unknown]: unknown option '--vault' in front of a subcommand", hint: behindSubcommand)
        ),
        (["run"], Mistake(64, "error[command-missing]: no command to start was given", hint: runHint)),
        (["run", "--"], Mistake(64, "error[command-missing]: no command to start was given", hint: runHint)),
        (
            ["run", "--valut", "x", "--", "app"],
            Mistake(64, "error[option-unknown]: unknown option '--valut'", hint: "did you mean '--vault'?")
        ),
        (
            ["run", "--json", "--", "app"],
            Mistake(
                64, "error[option-unknown]: 'run' has no option '--json'",
                hint: "it belongs to 'check', 'list', 'status'")
        ),
        (
            ["run", "--vault"],
            Mistake(64, "error[option-value]: option '--vault' lacks its value", hint: "write '--vault=NAME|URL'")
        ),
        (
            ["run", "--vault", "--once", "--", "app"],
            Mistake(64, "error[option-value]: option '--vault' lacks its value", hint: "write '--vault=NAME|URL'")
        ),
        (["run", "--once=1", "--", "app"], Mistake(64, "error[option-value]: option '--once' takes no value")),
        (
            ["run", "app"],
            Mistake(
                64, "error[usage]: unexpected argument 'app'",
                hint: "put '--' in front of the command: 'latchkey run [options] -- COMMAND'")
        ),
        (
            ["list", "--vault", "contoso-web", "--", "app"],
            Mistake(64, "error[usage]: 'list' starts no COMMAND", hint: "leave out '--' and what follows it")
        ),
        (
            ["get", "a", "b"], Mistake(64, "error[usage]: unexpected argument 'b'", hint: "one reference at a time")
        ),
        (
            ["get", "--vault", "contoso-web"],
            Mistake(
                64, "error[usage]: no reference was given", hint: "write 'latchkey get [options] REFERENCE'")
        ),
        (
            ["export", "--vault", "contoso-web", "-e", "A=a"],
            Mistake(
                64, "error[usage]: no format was given", hint: "write '--format dotenv|env-file|json|shell'")
        ),
        (
            ["export", "--format", "yaml"],
            Mistake(
                64, "error[option-value]: option '--format': 'yaml' is none of dotenv, env-file, json, shell")
        ),
        (
            ["export", "--format", "jsn"],
            Mistake(
                64, "error[option-value]: option '--format': 'jsn' is none of dotenv, env-file, json, shell",
                hint: "did you mean 'json'?")
        ),
        (
            ["export", "-f", "a=b", "--format", "json"],
            Mistake(
                64, "error[option-unknown]: 'export' has no option '-f'",
                hint: "it belongs to 'run', 'sync', 'sidecar', 'check'")
        ),
        (
            ["render", "--vault", "contoso-web"],
            Mistake(
                64, "error[usage]: no template was given",
                hint: "write 'latchkey render [options] TEMPLATE', or - for standard input")
        ),
        (
            ["render", "a", "b"],
            Mistake(64, "error[usage]: unexpected argument 'b'", hint: "one template at a time")
        ),
        (
            ["list"],
            Mistake(
                64, "error[vault-missing]: no vault was named",
                hint: "give --vault NAME, or 'vault' in latchkey.toml")
        ),
        (
            ["status", "--json", "--prometheus"],
            Mistake(64, "error[option-value]: option '--prometheus': it excludes '--json'", hint: "keep one of them")
        ),
        (
            ["run", "--client-id", "a", "--object-id", "b", "--", "app"],
            Mistake(
                64, "error[option-value]: option '--object-id': it excludes '--client-id'", hint: "keep one of them")
        ),
        (
            ["run", "--tag", "a=b", "--", "app"],
            Mistake(
                64, "error[option-value]: option '--tag': it narrows --all, which is not given", hint: "add --all")
        ),
        (
            ["run", "--config", "nope.toml", "--", "app"],
            Mistake(
                66, "error[config-missing]: configuration file 'nope.toml': no such file or directory",
                hint: "check --config and LATCHKEY_CONFIG")
        ),
        (
            ["run", "--vault", "http://contoso-web.vault.azure.net", "--", "app"],
            Mistake(
                64, "error[option-value]: option '--vault': a vault is always https",
                hint: "write a name, such as contoso-web, or https://contoso-web.vault.azure.net")
        ),
        (
            ["run", "--vault", "https://contoso-web.vault.azure.net/x", "--", "app"],
            Mistake(
                64, "error[option-value]: option '--vault': a vault's URL has no path",
                hint: "write a name, such as contoso-web, or https://contoso-web.vault.azure.net")
        ),
    ]

    @Test(arguments: mistakes)
    func `a mistake is said with its next step`(arguments: [String], mistake: Mistake) {
        #expect(Directory().mistake(arguments) == mistake)
    }

    @Test(arguments: OptionTable.definitions)
    func `an option that lost a letter is suggested`(option: OptionDefinition) throws {
        guard option.name.count > 4, let command = option.commands.first else { return }
        let mistake = Directory().mistake([command.rawValue, "--" + option.name.dropLast()])
        #expect(mistake.code == 64)
        #expect(mistake.lines.last == "latchkey: hint: did you mean '--\(option.name)'?")
    }

    @Test func `control characters in an argument are written out`() {
        let mistake = Directory().mistake(["run", "-e", "A\u{1b}[31m=x", "--", "app"])
        #expect(mistake.code == 64)
        #expect(mistake.lines.allSatisfy { $0.unicodeScalars.allSatisfy { $0.value >= 32 } })
    }

    @Test func `a long argument makes no long line`() {
        let mistake = Directory().mistake(["run", "--" + String(repeating: "ä", count: 5000)])
        #expect(mistake.lines.allSatisfy { $0.utf8.count < 1024 })
    }

    @Test func `an argument that is not UTF-8 is one of COMMAND's only`() throws {
        let directory = Directory()
        var invocation = directory.invocation(["run", "--vault", "contoso-web", "--", "app"])
        invocation.arguments.append([0xFF, 0xFE])
        #expect(try LaunchConfiguration.CommandLine.parse(invocation).plan.child.commandIndex == 5)
        invocation.arguments.insert([0xFF], at: 2)
        #expect(throws: ConfigurationError.self) { try LaunchConfiguration.CommandLine.parse(invocation) }
    }

    @Test(arguments: [
        ["run", "-eA=b"], ["run", "-e", "A=b"], ["run", "-e=A=b"], ["run", "--env=A=b"], ["run", "--env", "A=b"],
    ])
    func `an option's value can be joined or follow`(arguments: [String]) throws {
        let words = [arguments[0], "--vault", "contoso-web"] + arguments.dropFirst() + ["--", "app"]
        #expect(try Directory().parse(words).plan.environment.map(\.target.name) == ["A"])
    }
}
