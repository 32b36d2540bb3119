package import Messages

extension MessageCode {
    /// The journal's `MESSAGE_ID` of the states that operators look for; what each means stands in the message catalog
    /// (deploy/systemd/latchkey.catalog, journalctl(1) `--catalog`). An id never changes its meaning.
    package var journalID: String? {
        switch self {
        case .startRetrying: "60ce37a4df914fe98955eafcc39b6ef4"
        case .startCached: "d4da36447572481bb911969eb24919ba"
        case .refreshed: "e3335783995f47fdbe23a408807aa722"
        case .refreshFailed: "7b21de5255b84c8895885f2c3fd0b042"
        case .refreshRecovered: "6d20b7a4063d4b5284cc352efd7ec65d"
        case .secretGone: "47641373ab954e5ba8e3328a0394f13d"
        case .secretExpires: "ee2b4ea5ee4843fa9d0c8a4450d48723"
        case .secretExpired: "ba229d2be64a4192ad9340d71f6ea9ad"
        case .childRestarting: "373917311f7a40f5812cb81c06193193"
        case .childRolledBack: "0e7819d6bfbb4eeca2fb49b30c07fe01"
        case .workerCrashed: "21083c7f413640859b31a73c140d25db"
        case .configurationKept: "7147111d6b2f4a6f8fe5cec78f7ff3f2"
        case .credentialRefused: "3f8f5683989043ffb856657d661cf8a7"
        case .credentialServed: "1c4deca1bc9a4f7eba2659acf4147aaa"
        default: nil
        }
    }
}
