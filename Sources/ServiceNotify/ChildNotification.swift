/// A message of a child that speaks sd_notify to us: assignments, one on each line (sd_notify(3)).
///
/// The manager takes what we send for the words of the unit's main process. So a line is passed on only if its key is
/// known and moves nothing but the child's own state; every other line is dropped, those that the manager may come to
/// know later too. The manager ends a line at a newline and at a carriage return, and so does this.
///
/// Passed on:
/// - `READY`, `STATUS`: what `--notify child` is for.
/// - `RELOADING`, `MONOTONIC_USEC`: the child's own reload. It ends with `READY=1`, the next incarnation's too.
/// - `STOPPING`: the child ends by itself, and the unit with it; except while it is being restarted.
/// - `WATCHDOG`: the child's sign of life, or that it gives itself up. Without it the watchdog would have the unit.
/// - `EXTEND_TIMEOUT_USEC`: a slow start or end. Our own stop timeout for the child stays as it is.
/// - `ERRNO`, `BUSERROR`, `VARLINKERROR`: why the child failed, for people; the manager only shows them.
/// - `FDSTORE`, `FDSTOREREMOVE`, `FDNAME`, `FDPOLL`: the unit's descriptor store, in which we keep nothing. What the child
///   puts there comes back to the child alone: workers get their own descriptors only.
/// - `BARRIER`: the answer to it says that the manager has seen what was sent before.
///
/// Dropped, besides what nobody knows:
/// - `MAINPID`, `MAINPIDFD`, `MAINPIDFDID`: would make another process the one that the manager stops and watches.
/// - `NOTIFYACCESS`: would let other processes speak to the manager without us.
/// - `WATCHDOG_USEC`: the watchdog is ours between two incarnations, and we ping at the pace of the unit's interval.
/// - `EXIT_STATUS`: we say it with our end; an incarnation that is followed by another has none to tell.
/// - `RESTART_RESET`: how fast the unit may be started again is between its settings and the manager.
package struct ChildNotification: Equatable, Sendable {
    /// What is passed on, one assignment on each line.
    package let forwarded: [UInt8]
    /// The child says that it is ready.
    package let isReady: Bool
    /// Whether what is passed on is about the descriptors that came with it.
    package let takesDescriptors: Bool

    /// Takes a datagram apart; nil where nothing is left to pass on.
    ///
    /// `isRestarting`: the child is being stopped so that it can be started again, or may yet be. That it stops is
    /// between the two of us then: for the manager the unit goes on, and `STOPPING=1` would end it.
    package init?(datagram: [UInt8], isRestarting: Bool = false) {
        // The manager takes one NUL byte at the end, and drops a message that has others.
        let text = datagram.last == 0 ? datagram.dropLast() : datagram[...]
        let ends: [UInt8] = [UInt8(ascii: "\n"), UInt8(ascii: "\r")]
        let lines = text.split { ends.contains($0) }.filter { line in
            Self.isPassedOn(line) && !(isRestarting && line.starts(with: "STOPPING=".utf8))
        }
        guard !lines.isEmpty else { return nil }
        forwarded = Array(lines.joined(separator: [UInt8(ascii: "\n")]))
        isReady = lines.contains { $0.elementsEqual("READY=1".utf8) }
        takesDescriptors = lines.contains { $0.elementsEqual("FDSTORE=1".utf8) || $0.elementsEqual("BARRIER=1".utf8) }
    }

    private static let keys: Set<String> = [
        "READY", "STATUS", "RELOADING", "MONOTONIC_USEC", "STOPPING", "WATCHDOG", "EXTEND_TIMEOUT_USEC", "ERRNO",
        "BUSERROR", "VARLINKERROR", "FDSTORE", "FDSTOREREMOVE", "FDNAME", "FDPOLL", "BARRIER",
    ]

    private static func isPassedOn(_ line: ArraySlice<UInt8>) -> Bool {
        guard let equals = line.firstIndex(of: UInt8(ascii: "=")), !line.contains(0) else { return false }
        return keys.contains(String(decoding: line[..<equals], as: UTF8.self))
    }
}
