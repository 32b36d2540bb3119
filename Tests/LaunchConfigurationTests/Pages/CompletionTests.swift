import Foundation
import LaunchConfiguration
import Testing

@Suite struct CompletionTests {
    @Test(arguments: CompletionScript.Shell.allCases)
    func `the shipped script is what the tables say`(shell: CompletionScript.Shell) throws {
        try Repository.check("deploy/completions/latchkey.\(shell.rawValue)", is: CompletionScript(shell).text)
    }

    @Test(arguments: CompletionScript.Shell.allCases)
    func `the program prints the same script`(shell: CompletionScript.Shell) throws {
        let command = try Directory().parse(["--generate-completion-script", shell.rawValue])
        #expect(command == .help(CompletionScript(shell).text))
        #expect(try Directory().parse(["--generate-completion-script=\(shell.rawValue)"]) == command)
    }

    @Test func `another shell is a usage error`() {
        #expect(
            Directory().mistake(["--generate-completion-script", "tcsh"])
                == Mistake(
                    64, "error[option-value]: option '--generate-completion-script' takes the name of a shell",
                    hint: "write bash, zsh or fish"))
    }

    private static let hasShells = CompletionScript.Shell.allCases.allSatisfy { ToolResult.isInstalled($0.rawValue) }

    @Test(.enabled(if: hasShells, "bash, zsh or fish is not installed"), arguments: CompletionScript.Shell.allCases)
    func `the shell itself accepts the script`(shell: CompletionScript.Shell) throws {
        let path = Repository.root + "/deploy/completions/latchkey.\(shell.rawValue)"
        let result = try #require(try ToolResult.of(shell.rawValue, ["-n", path]))
        #expect(result.code == 0)
        #expect(result.text.isEmpty)
    }

    @Test(.enabled(if: ToolResult.isInstalled("shellcheck"), "shellcheck is not installed"))
    func `shellcheck has nothing to say of bash's`() throws {
        let path = Repository.root + "/deploy/completions/latchkey.bash"
        let result = try #require(try ToolResult.of("shellcheck", [path]))
        #expect(result.text.isEmpty)
    }

    /// A directory with a `latchkey list` that knows two secrets and tells how it was asked.
    private func stubbed() throws -> Directory {
        let directory = Directory()
        directory.write(
            """
            #!/bin/sh
            echo "NAME ENABLED"
            echo "db-password yes"
            echo "db-user yes"
            [ "$*" = list ] || echo "asked:$*" | tr ' ' ,
            """, to: "latchkey")
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o755], ofItemAtPath: directory.path + "/latchkey")
        return directory
    }

    /// What bash offers for a line.
    private func bash(_ line: String) throws -> [String] {
        let directory = try stubbed()
        let script = """
            PATH=\(directory.path):$PATH
            . \(Repository.root)/deploy/completions/latchkey.bash
            COMP_LINE='\(line)'
            COMP_POINT=${#COMP_LINE}
            _latchkey
            printf '%s\\n' "${COMPREPLY[@]}"
            """
        let result = try #require(try ToolResult.of("bash", [], input: script))
        return result.text.split(separator: "\n").map(String.init)
    }

    @Test func `bash offers commands, options, values and secrets`() throws {
        #expect(try bash("latchkey s") == ["sync", "sidecar", "status"])
        #expect(try bash("latchkey run --on-") == ["--on-change", "--on-gone"])
        #expect(try bash("latchkey run --on-gone ") == ["keep", "stop"])
        #expect(try bash("latchkey run --on-gone=s") == ["stop"])
        #expect(try bash("latchkey run -e DB=db-") == ["db-password", "db-user"])
        #expect(try bash("latchkey get db-u") == ["db-user"])
    }

    @Test func `bash asks for secrets as the line says`() throws {
        #expect(
            try bash("latchkey run --vault contoso-web --once --identity=imds -e DB=asked")
                == ["asked:list,--vault,contoso-web,--identity=imds"])
    }

    /// What fish offers for a line, without descriptions.
    private func fish(_ line: String) throws -> [String] {
        let directory = try stubbed()
        let script = """
            set -p PATH \(directory.path)
            source \(Repository.root)/deploy/completions/latchkey.fish
            complete -C '\(line)'
            """
        let result = try #require(try ToolResult.of("fish", ["--no-config", "-c", script]))
        return result.text.split(separator: "\n").map { String($0.prefix { $0 != "\t" }) }
    }

    @Test(.enabled(if: hasShells, "bash, zsh or fish is not installed"))
    func `fish offers commands, options, values and secrets`() throws {
        #expect(try Set(fish("latchkey s")) == ["sync", "sidecar", "status"])
        #expect(try Set(fish("latchkey run --on-")) == ["--on-change", "--on-gone"])
        #expect(try Set(fish("latchkey run --on-gone ")) == ["keep", "stop"])
        #expect(try Set(fish("latchkey run -e DB=db-")) == ["DB=db-password", "DB=db-user"])
        #expect(try fish("latchkey get db-u") == ["db-user"])
        #expect(
            try fish("latchkey run --vault contoso-web -e DB=asked")
                == ["DB=asked:list,--vault,contoso-web"])
    }

    @Test(.enabled(if: hasShells, "bash, zsh or fish is not installed"))
    func `zsh loads the script into its completion`() throws {
        let script = """
            autoload -U compinit
            compinit -u -D
            source \(Repository.root)/deploy/completions/latchkey.zsh
            echo $_comps[latchkey]
            """
        let result = try #require(try ToolResult.of("zsh", ["-f", "-c", script]))
        #expect(result.text == "_latchkey\n")
        #expect(result.code == 0)
    }
}
