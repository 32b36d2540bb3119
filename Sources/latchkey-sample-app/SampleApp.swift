import ArgumentParser
import FoundationEssentials
import Glibc
import UnixSignals

/// A small web page that shows what secrets a process was given, and that they change, without ever showing one.
@main
struct SampleApp: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "latchkey-sample-app",
        abstract: "Shows the secrets it was given: names, lengths and fingerprints, never the values.",
        discussion: """
            Start it under latchkey and open the address that it prints:

              latchkey run --vault contoso-web --signal HUP -e DB_PASSWORD=db-password \\
                -f tls/server.pem=akv://contoso-web/certificates/web-tls -- latchkey-sample-app

            Files come from $LATCHKEY_SECRETS and are read anew at every HUP. Variables are those that --env names, else
            those that the status of the latchkey instance names.
            """
    )

    @Option(help: "The address to listen on.")
    var address = "127.0.0.1"

    @Option(help: "The port to listen on; 0 lets the system choose one.")
    var port = 8080

    @Option(
        name: .customLong("env"), parsing: .singleValue,
        help: ArgumentHelp("A variable that holds a secret (repeatable).", valueName: "name"))
    var variables: [String] = []

    @Option(
        help: ArgumentHelp(
            "The instance's status, for versions (default: status.json beside the secrets directory).",
            valueName: "file"))
    var status: String?

    func validate() throws {
        guard (0...65_535).contains(port) else { throw ValidationError("--port is a number from 0 to 65535") }
    }

    func run() async throws {
        // First of all: latchkey signals only a child that has a handler for it.
        let signals = await UnixSignalsSequence(trapping: .sighup, .sigterm, .sigint)
        let board = Board(secrets: GivenSecrets(variables: variables, statusPath: status))
        await board.start()
        let server = WebServer(board: board, address: address, port: port)

        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run() }
            group.addTask {
                while true {
                    try await Task.sleep(for: .seconds(1))
                    await board.tick()
                }
            }
            group.addTask {
                for await signal in signals {
                    guard signal == .sighup else { return }
                    say(await board.hangUp())
                }
            }
            // The signals' task ends first unless the server fails.
            try await group.next()
            await board.close()
            group.cancelAll()
        }
    }
}

/// One line for whoever watches the process; standard output holds the page's address only.
func say(_ line: String) {
    try? standardError("latchkey-sample-app: \(line)\n")
}

private func standardError(_ text: String) throws {
    let bytes = Array(text.utf8)
    _ = unsafe bytes.withUnsafeBytes { unsafe write(STDERR_FILENO, $0.baseAddress, $0.count) }
}
