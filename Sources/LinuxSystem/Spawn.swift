import CLinux
import Glibc

/// A program to start, with what it gets and how it is restricted (clinux_spawn does the child's steps in C).
package struct SpawnRequest: Sendable {
    /// The program by descriptor; nil: the first argument, looked up in the new environment's PATH.
    package var program: CInt?
    /// Execute a copy of `program` that no process of the same user can open, not even before its first instruction. The
    /// program must be open for reading; where the kernel refuses the copy it is executed as it is.
    package var hidesProgram = false
    /// Raw bytes, the program's name first.
    package var arguments: [[UInt8]]
    /// A file with NUL-ended entries; mapped by the child only. nil: an empty environment.
    package var environment: CInt?
    /// Whether the program gets the environment of this process instead of `environment`. The program must begin with
    /// `ProcessStart.takeEnvironment`: variables that would act before that are hidden.
    package var inheritsEnvironment = false
    /// Entries that are added to it. `LISTEN_PID=` and `WATCHDOG_PID=` are completed with the new process's id.
    package var extra: [[UInt8]] = []
    /// Whether the program gets signal mask, dispositions, closed descriptors, umask and core limit as this process got
    /// them.
    package var asStarted = true
    /// They become 3, 4, …; all higher ones are closed, and a negative one stays closed. nil: inherited ones stay open.
    package var descriptors: [CInt]?
    /// They become `firstListener`, … and stay open, as inherited ones do.
    package var listeners: [CInt] = []
    package var firstListener: CInt = 3
    /// A helper reads it on descriptor 0; nil: nothing.
    package var input: CInt?
    /// Becomes descriptor 1.
    package var output: CInt?
    /// Becomes descriptor 2.
    package var errors: CInt?
    package var ownGroup = false
    /// In a session of its own, without a terminal and with nothing to read on descriptor 0: a helper must not take what
    /// is the app's.
    package var isHelper = false
    /// With `ownGroup`: the terminal whose foreground the new group takes.
    package var terminal: CInt?
    /// The user and groups of the program, set in the order groups, gid, uid. A user who is not root gets no
    /// capability.
    package var identity: UserIdentity?
    /// Whether the program loses all capabilities, unless it runs as root.
    package var dropsCapabilities = false
    /// The signal that the kernel sends when this process dies.
    package var deathSignal: CInt = 0
    /// Bytes of address space, 0 for no limit.
    package var memoryLimit: UInt64 = 0

    package init(program: CInt? = nil, arguments: [[UInt8]], environment: CInt? = nil) {
        self.program = program
        self.arguments = arguments
        self.environment = environment
    }

    /// Starts it and returns its id once the new program runs.
    package func spawn() throws(SpawnFailure) -> Int32 {
        var failure = clinux_spawn_failure()
        let pid = unsafe withRequest { request in unsafe clinux_spawn(request, &failure) }
        guard pid >= 0 else { throw SpawnFailure(failure) }
        return pid
    }

    /// This process becomes the program. Returns only if that fails.
    package func become() -> SpawnFailure {
        var failure = clinux_spawn_failure()
        unsafe withRequest { request in unsafe clinux_become(request, &failure) }
        return SpawnFailure(failure)
    }

    private func withRequest<Value>(_ body: (UnsafePointer<clinux_spawn>) -> Value) -> Value {
        let arguments = CStringVector(self.arguments)
        let extra = CStringVector(self.extra)
        let descriptors = self.descriptors ?? []
        let groups = identity?.groups ?? []
        return unsafe descriptors.withUnsafeBufferPointer { descriptorList in
            unsafe withUnsafeLists(groups, listeners) { groupList, listenerList in
                var request = unsafe clinux_spawn()
                unsafe request.program = program ?? -1
                unsafe request.hides_program = hidesProgram
                unsafe request.arguments = arguments.pointer
                unsafe request.environment = environment ?? -1
                unsafe request.inherits_environment = inheritsEnvironment
                unsafe request.extra = extra.pointer
                unsafe request.extra_count = extra.count
                unsafe request.as_started = asStarted
                unsafe request.descriptors = self.descriptors == nil ? nil : descriptorList.baseAddress
                unsafe request.descriptor_count = descriptorList.count
                unsafe request.listeners = listenerList.baseAddress
                unsafe request.listener_count = listenerList.count
                unsafe request.listener_first = firstListener
                unsafe request.input = input ?? -1
                unsafe request.output = output ?? -1
                unsafe request.errors = errors ?? -1
                unsafe request.own_group = ownGroup
                unsafe request.is_helper = isHelper
                unsafe request.terminal = terminal ?? -1
                unsafe request.change_user = identity != nil
                unsafe request.user = identity?.user ?? 0
                unsafe request.group = identity?.group ?? 0
                unsafe request.groups = groupList.baseAddress
                unsafe request.group_count = groupList.count
                unsafe request.drops_capabilities = dropsCapabilities
                unsafe request.death_signal = deathSignal
                unsafe request.memory_limit = memoryLimit
                return unsafe body(&request)
            }
        }
    }
}

private func withUnsafeLists<First, Second, Value>(
    _ first: [First], _ second: [Second],
    _ body: (UnsafeBufferPointer<First>, UnsafeBufferPointer<Second>) -> Value
) -> Value {
    unsafe first.withUnsafeBufferPointer { first in
        unsafe second.withUnsafeBufferPointer { second in unsafe body(first, second) }
    }
}

/// Why a program could not be started.
package struct SpawnFailure: Error, Equatable, Sendable {
    package enum Step: UInt32, Sendable {
        case none, pipe, fork, environment, group, groups, gid, uid, capabilities, parent, descriptors, limits, execute
    }

    /// The child's step that failed.
    package let step: Step
    /// The value of `errno`.
    package let code: CInt

    package init(step: Step, code: CInt) {
        self.step = step
        self.code = code
    }

    init(_ failure: clinux_spawn_failure) {
        self.init(step: Step(rawValue: UInt32(bitPattern: failure.step)) ?? .none, code: failure.code)
    }

    /// The kernel's words.
    package var reason: String { SystemError(call: "execve", code: code).reason }
    /// The program does not exist: shells end with 127.
    package var isNotFound: Bool { step == .execute && (code == ENOENT || code == ENOTDIR) }
    /// The program exists and can't be executed: shells end with 126.
    package var isNotExecutable: Bool { step == .execute && !isNotFound }
}

/// NUL-ended strings with a null pointer behind the last one, freed together.
@safe
private final class CStringVector {
    private let storage: UnsafeMutablePointer<UnsafePointer<CChar>?>
    let count: Int

    init(_ strings: [[UInt8]]) {
        count = strings.count
        unsafe storage = .allocate(capacity: strings.count + 1)
        for (index, string) in strings.enumerated() {
            let copy = UnsafeMutablePointer<CChar>.allocate(capacity: string.count + 1)
            for (offset, byte) in string.enumerated() { unsafe copy[offset] = CChar(bitPattern: byte) }
            unsafe copy[string.count] = 0
            unsafe (storage + index).initialize(to: UnsafePointer(copy))
        }
        unsafe (storage + strings.count).initialize(to: nil)
    }

    var pointer: UnsafePointer<UnsafePointer<CChar>?> { unsafe UnsafePointer(storage) }

    deinit {
        for index in 0..<count { unsafe UnsafeMutablePointer(mutating: storage[index])?.deallocate() }
        unsafe storage.deallocate()
    }
}
