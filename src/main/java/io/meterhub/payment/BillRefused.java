package io.meterhub.payment;

/** Thrown where a platform's bill cannot be what it says it is. */
class BillRefused extends RuntimeException {

    private final transient BillProblem problem;

    BillRefused(BillProblem problem) {
        super(problem.file() + ", line " + problem.line() + ", " + problem.field() + ": " + problem.key() + " " + problem.words());
        this.problem = problem;
    }

    BillProblem problem() {
        return problem;
    }
}
