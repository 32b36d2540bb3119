package import LinuxSystem
import WorkerProtocol

/// The worker's program, and how it is started: by the kernel, or by a loader that is told where it is.
package struct WorkerProgram: ~Copyable {
    /// What is executed: the program, or its loader.
    private let executable: OwnedDescriptor
    /// The program for the loader to read; nil where the kernel starts it.
    private let file: OwnedDescriptor?
    private let path: [UInt8]
    private let loaderWords: [[UInt8]]

    /// `loader` and `options`: the path of the loader and what it is told before `--argv0`.
    package init(
        executable: consuming OwnedDescriptor, file: consuming OwnedDescriptor?, path: String, loader: String? = nil,
        options: [String] = []
    ) {
        self.executable = executable
        self.file = file
        self.path = Array(path.utf8)
        loaderWords = loader.map { ([$0] + options + ["--argv0", path]).map { Array($0.utf8) } } ?? []
    }

    /// Number of the program's descriptor for the loader; -1 where the kernel starts the program.
    var fileNumber: CInt {
        switch file {
        case .some(let file): file.number
        case .none: -1
        }
    }

    /// A request for a worker that is given its descriptors by number, the program's own among them.
    func request(_ arguments: [[UInt8]]) -> SpawnRequest {
        request(arguments, found: "/proc/self/fd/\(WorkerDescriptor.program)")
    }

    /// This process becomes the worker with its own environment; returns only with the failure.
    package func become(_ arguments: [[UInt8]]) -> SpawnFailure {
        var request = request(arguments, found: nil)
        request.inheritsEnvironment = true
        return request.become()
    }

    private func request(_ arguments: [[UInt8]], found file: String?) -> SpawnRequest {
        let words = loaderWords.isEmpty ? [path] : loaderWords + [file.map { Array($0.utf8) } ?? path]
        var request = SpawnRequest(program: executable.number, arguments: words + arguments)
        request.hidesProgram = !loaderWords.isEmpty
        return request
    }
}
