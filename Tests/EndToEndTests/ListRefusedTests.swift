import Foundation
import Testing

/// A vault whose list can't be read, while its secrets can.
struct ListRefusedTests {
    @Test(arguments: [
        #"{"name":"list","vault":"demo","path":"^/secrets$","token":true,"error":"forbidden-by-rbac"}"#,
        #"{"name":"list","vault":"demo","path":"^/secrets$","token":true,"status":200,"#
            + #""body":"{\"value\":[],\"nextLink\":\"https://elsewhere.example/secrets?api-version=7.4\"}","#
            + #""content-type":"application/json"}"#,
    ])
    func `a refresh asks for each secret instead, says so once, and finds what changed`(fault: String) throws {
        try Emulator.serving { azure in
            try azure.fault(fault)
            let scratch = try Scratch()
            let launch = try azure.run(
                "-f", "a=db-password", "-f", "b=smtp", "-f", "c=pair", "--signal", "HUP", "--refresh", "1s", "--jitter",
                "0", command: [Programs.probe, "print-on", "HUP", "a"], in: scratch)
            try launch.expect(line: "ready")
            try launch.expect(error: "each secret is asked for instead")
            try azure.waitForVaultRequests(6)
            try azure.rotate("db-password", to: "c4n4ry-rotated")
            try launch.expect(line: "end")
            #expect(launch.output.lines.contains { $0.contains(fingerprint("c4n4ry-rotated")) })
            let outcome = try launch.end(SIGTERM)
            let said = outcome.errors.split(separator: "\n").filter { $0.contains("each secret is asked for instead") }
            #expect(said.count == 1 && outcome.failures.isEmpty, "\(outcome.errors)")
            #expect(try azure.journal().count { $0.path == "/secrets" } == 1)
        }
    }
}
