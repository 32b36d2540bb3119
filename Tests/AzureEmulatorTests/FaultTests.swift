import AzureEmulator
import HTTPTypes
import Testing

struct FaultTests {
    private func call(_ target: String = "/secrets/a?x=1", _ endpoint: Endpoint = .vault) -> Call {
        Call(
            endpoint: endpoint, method: .get, host: "demo.vault.localhost", target: target, headers: [:], body: [],
            now: 0)
    }

    private func fault(_ json: String) throws -> Fault {
        try FaultSeed(JSON(parsing: json), at: "fault", number: 1).fault
    }

    private func strikes(_ json: String, _ count: Int) throws -> [Bool] {
        var script = FaultScript()
        script.faults = [try fault(json)]
        return (0..<count).map { _ in script.strike(call(), vault: "demo") != nil }
    }

    @Test func `a fault begins after and ends with its count`() throws {
        #expect(try strikes(#"{"after":1,"times":2,"status":500}"#, 5) == [false, true, true, false, false])
    }

    @Test func `chance repeats with the same seed`() throws {
        let first = try strikes(#"{"probability":0.5,"status":500}"#, 64)
        #expect(try strikes(#"{"probability":0.5,"status":500}"#, 64) == first)
        #expect(Set(first) == [true, false])
    }

    @Test(arguments: [
        (#"{"path":"^/secrets/a$"}"#, true), (#"{"path":"^/secrets/b"}"#, false), (#"{"query":"x=1"}"#, true),
        (#"{"method":"get"}"#, true), (#"{"method":"PUT"}"#, false), (#"{"vault":"Demo"}"#, true),
        (#"{"vault":"other"}"#, false), (#"{"endpoint":"vault"}"#, true), (#"{"endpoint":"identity"}"#, false),
        (#"{"endpoint":["imds","vault"]}"#, true), (#"{"token":false}"#, true), (#"{"token":true}"#, false),
    ])
    func `everything that a fault names must fit`(json: String, fits: Bool) throws {
        #expect(try fault(json).match.fits(call(), vault: "demo") == fits)
    }

    @Test func `the control interface is never hit`() throws {
        #expect(try !fault("{}").match.fits(call("/_emulator/health", .control), vault: nil))
    }

    @Test func `the first fault that fits and strikes is played`() throws {
        var script = FaultScript()
        script.faults = [
            try fault(#"{"name":"first","times":1,"status":500}"#), try fault(#"{"name":"second","status":503}"#),
        ]
        #expect((0..<3).map { _ in script.strike(call(), vault: nil)?.name } == ["first", "second", "second"])
    }

    @Test(arguments: [
        (#"{"endpoint":"valut"}"#, "no endpoint 'valut'"), (#"{"error":"x"}"#, "no error 'x'"),
        (#"{"status":99}"#, "'status' must be a whole number from 200 to 599"),
        (#"{"path":"("}"#, "no regular expression"),
        (#"{"truncate":-1}"#, "'truncate' must be"), (#"{"delay":1e300}"#, "'delay' must be"),
        (#"{"tiems":1}"#, "'tiems' is not known here"), (#"{"delay":"soon"}"#, "'delay' must be"),
        (#"{"challenge":"x"}"#, "'challenge' must be one of"), ("[]", "must be a table"),
    ])
    func `a mistake in a fault is named`(json: String, message: String) throws {
        let error = #expect(throws: SeedError.self) { try fault(json) }
        #expect(try #require(error).message.contains(message))
    }

    @Test(arguments: DocumentedError.allCases)
    func `each documented error has an answer of its own`(error: DocumentedError) throws {
        let answer = error.answer(for: call(), azure: Azure(settings: Settings()))
        #expect((400...599).contains(answer.status))
        #expect(!answer.body.isEmpty)
        #expect((answer.header("WWW-Authenticate") != nil) == (answer.status == 401 && isVaults(error)))
    }

    private func isVaults(_ error: DocumentedError) -> Bool {
        [.unauthorized, .wrongIssuer, .wrongAudience, .tokenExpired].contains(error)
    }
}
