import AzureEmulator
import Foundation
import Testing

/// Microsoft's own Python client in a virtual environment beside the build, made once.
private struct PythonClient: Sendable {
    static let shared = PythonClient()

    let folder: String
    /// Nil if it could not be made; then `reason` says why.
    let python: String?
    let reason: String

    private init() {
        folder =
            URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("python-client").path
        let environment = "\(Command.products)/python-client"
        let requirements = folder + "/requirements.txt"
        let mark = environment + "/installed.txt"
        let wanted = try? String(contentsOfFile: requirements, encoding: .utf8)
        if wanted != nil, (try? String(contentsOfFile: mark, encoding: .utf8)) == wanted {
            python = environment + "/bin/python"
            reason = ""
            return
        }
        try? FileManager.default.removeItem(atPath: environment)
        guard let made = try? Command.run("python3", "-m", "venv", environment), made.status == 0 else {
            python = nil
            reason = "python3 with its module venv is not installed"
            return
        }
        let install = try? Command.run(
            "timeout", "300", environment + "/bin/pip", "install", "--quiet", "--disable-pip-version-check",
            "--retries",
            "1", "--requirement", requirements)
        guard install?.status == 0, (try? wanted?.write(toFile: mark, atomically: true, encoding: .utf8)) != nil else {
            try? FileManager.default.removeItem(atPath: environment)
            python = nil
            reason = "PyPI cannot be reached, or has no azure-identity 1.27.0"
            return
        }
        python = environment + "/bin/python"
        reason = ""
    }
}

struct PythonClientTests {
    @Test(.enabled(if: PythonClient.shared.python != nil, "\(PythonClient.shared.reason)"))
    func `Microsoft's own client works unchanged`() async throws {
        let client = PythonClient.shared
        let python = try #require(client.python)
        let seed = try String(contentsOfFile: client.folder + "/seed.toml", encoding: .utf8)
        try await TestEmulator.serving(
            seed, options: { $0.settings.arcTokenDirectory = "/var/opt/azcmagent/tokens" }
        ) { test async throws in
            let result = try Command.run(
                [python, client.folder + "/checks.py", test.emulator.state.file("emulator.json")],
                environment: ["PYTHONPATH": client.folder, "PYTHONDONTWRITEBYTECODE": "1"])
            let failed = result.output.split(separator: "\n").filter { !$0.hasPrefix("ok ") }
            #expect(result.status == 0, "\(failed.joined(separator: "\n"))")
        }
    }
}
