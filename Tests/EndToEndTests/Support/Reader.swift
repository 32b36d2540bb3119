import Dispatch
import Foundation
import Synchronization

/// Reads two files over and over as the contract tells readers to: the link `..data` is followed once for both.
final class Reader: Sendable {
    private let state = Mutex((isOver: false, looks: 0, torn: 0))
    private let ended = DispatchSemaphore(value: 0)

    init(secrets: String, _ left: String, _ right: String) {
        Thread.detachNewThread { [self] in
            while state.withLock({ !$0.isOver }) { look(secrets, left, right) }
            ended.signal()
        }
    }

    private func look(_ secrets: String, _ left: String, _ right: String) {
        let files = FileManager.default
        guard let generation = try? files.destinationOfSymbolicLink(atPath: secrets + "/..data") else {
            return state.withLock { $0.torn += 1 }
        }
        let path = "\(secrets)/\(generation)/"
        // A generation stays readable until the next change; one that is older by now says nothing.
        guard let one = files.contents(atPath: path + left), let other = files.contents(atPath: path + right) else {
            return
        }
        state.withLock { state in
            state.looks += 1
            if one != other || one.isEmpty { state.torn += 1 }
        }
    }

    /// How often it looked, and how often it saw something that never was.
    func stop() -> (looks: Int, torn: Int) {
        state.withLock { $0.isOver = true }
        _ = ended.wait(timeout: .now() + waitLimit)
        return state.withLock { ($0.looks, $0.torn) }
    }
}
