import LinuxSystem
import Secrets

/// Runs commands of the machine with this environment. Of each output 1 MiB is read at most, of the answer into secret
/// memory.
package func systemCommands(environment: [[UInt8]]) -> CommandRunner {
    { (arguments, limit) throws(SystemError) in
        let output = try MemoryFile.create(name: "output")
        let errors = try MemoryFile.create(name: "errors")
        let change = try CapturedRun.run(
            arguments.map { Array($0.utf8) }, environment: environment, limit: limit, output: output, errors: errors)
        let words = try contents(of: errors).withBytes { bytes in bytes.indices.map { bytes[$0] } }
        return CommandOutput(status: status(change), output: try contents(of: output), errors: words)
    }
}

private func contents(of file: borrowing OwnedDescriptor) throws(SystemError) -> SecretBytes {
    let size = min(try MemoryFile.size(of: file), 1 << 20)
    return try SecretBytes(count: size) { (bytes) throws(SystemError) in
        _ = try MemoryFile.read(file, into: &bytes)
    }
}

/// As shells have it: the exit code, or 128 and the signal's number.
private func status(_ change: ChildEvent.Change) -> Int32 {
    switch change {
    case .exited(let code): code
    case .killed(let signal), .stopped(let signal): 128 + signal
    case .continued: 0
    }
}
