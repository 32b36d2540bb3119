/// A message of a child that speaks sd_notify to us.
package struct ChildNotification: Equatable, Sendable {
    /// What is passed on: everything but `MAINPID`, `MAINPIDFD…`, which would take the manager's eyes off us.
    package let forwarded: [UInt8]
    /// The child says that it is ready.
    package let isReady: Bool

    /// Takes a datagram apart, line by line; nil where nothing is left to pass on.
    ///
    /// `isRestarting`: the child is being stopped so that it can be started again, or may yet be. That it stops is
    /// between the two of us then: for the manager the unit goes on, and `STOPPING=1` would end it.
    package init?(datagram: [UInt8], isRestarting: Bool = false) {
        let lines = datagram.split(separator: UInt8(ascii: "\n")).filter { line in
            !line.starts(with: Array("MAINPID".utf8)) && !(isRestarting && line.elementsEqual("STOPPING=1".utf8))
        }
        guard !lines.isEmpty else { return nil }
        forwarded = Array(lines.joined(separator: [UInt8(ascii: "\n")]))
        isReady = lines.contains { $0.elementsEqual("READY=1".utf8) }
    }
}
