BREAKAGES = ()


class Breakage: ...
