/// The sockets that a service manager handed to this process (sd_listen_fds(3)).
package enum ListenDescriptors {
    private static let first: Int32 = 3

    /// Their numbers; empty where there are none, or where they were meant for another process.
    package static func numbers(process: Int32, variable: (String) -> String?) -> [Int32] {
        guard variable("LISTEN_PID").flatMap({ Int32($0) }) == process,
            let count = variable("LISTEN_FDS").flatMap({ Int32($0) }), (1...1024).contains(count)
        else { return [] }
        return Array(first..<first + count)
    }
}
