import Dispatch
import Foundation
import LatchkeyTestSupport
import Synchronization

/// How long a test waits for something that must happen. It only ends a test that has failed.
let waitLimit = DispatchTimeInterval.seconds(60)

/// What a program writes into one pipe.
final class Capture: Sendable {
    private struct State {
        var bytes: [UInt8] = []
        var isComplete = false
        var waiting: [DispatchSemaphore] = []
    }

    private let state = Mutex(State())

    /// Reads from now on, on a thread of its own.
    init(_ pipe: PipeEnds) {
        Thread.detachNewThread { [self] in
            while case let piece = pipe.read(), !piece.isEmpty { change { $0.bytes += piece } }
            change { $0.isComplete = true }
        }
    }

    private func change(_ body: (inout State) -> Void) {
        state.withLock { state in
            body(&state)
            for semaphore in state.waiting { semaphore.signal() }
            state.waiting = []
        }
    }

    var text: String { state.withLock { String(decoding: $0.bytes, as: UTF8.self) } }
    var lines: [String] { text.split(separator: "\n").map(String.init) }

    /// Waits until what came so far is enough; false when it never was.
    func wait(until isEnough: (String) -> Bool) -> Bool {
        let deadline = DispatchTime.now() + waitLimit
        while true {
            let semaphore = DispatchSemaphore(value: 0)
            let (bytes, isComplete) = state.withLock { state in
                state.waiting.append(semaphore)
                return (state.bytes, state.isComplete)
            }
            if isEnough(String(decoding: bytes, as: UTF8.self)) { return true }
            if isComplete || semaphore.wait(timeout: deadline) == .timedOut { return false }
        }
    }

    /// Waits for the end: every process that could write is gone.
    func waitForEnd() -> Bool {
        _ = wait { _ in false }
        return state.withLock { $0.isComplete }
    }
}
