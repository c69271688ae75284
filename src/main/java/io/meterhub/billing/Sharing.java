package io.meterhub.billing;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/** Shares a whole out by weights so that the parts add up to it exactly (最大余额法): nothing is lost or added by rounding. */
final class Sharing {

    private Sharing() {
    }

    /**
     * Each part is the whole's share by weight, rounded down; the steps that this leaves over go to the parts that lost most by it,
     * of equal ones to the first. Where all weights are 0, the parts are equal. The same arguments give the same parts.
     *
     * @param whole   may be below 0; has at most {@code scale} decimals
     * @param weights 0 or more each, at least one
     * @param scale   the decimals of the parts
     */
    static List<BigDecimal> split(BigDecimal whole, List<BigDecimal> weights, int scale) {
        if (weights.isEmpty() || weights.stream().anyMatch(weight -> weight.signum() < 0)) {
            throw new IllegalArgumentException("Sharing needs at least one weight, and none below 0: " + weights);
        }
        BigInteger units = whole.abs().setScale(scale).unscaledValue();
        List<BigInteger> shares = integers(weights);
        BigInteger sum = shares.stream().reduce(BigInteger.ZERO, BigInteger::add);
        List<BigInteger> parts = new ArrayList<>();
        List<BigInteger> lost = new ArrayList<>();
        BigInteger left = units;
        for (BigInteger share : shares) {
            BigInteger[] part = units.multiply(share).divideAndRemainder(sum);
            parts.add(part[0]);
            lost.add(part[1]);
            left = left.subtract(part[0]);
        }
        IntStream.range(0, parts.size()).boxed().sorted(Comparator.comparing(lost::get, Comparator.reverseOrder()))
                .limit(left.intValueExact()).forEach(i -> parts.set(i, parts.get(i).add(BigInteger.ONE)));
        return parts.stream().map(part -> new BigDecimal(whole.signum() < 0 ? part.negate() : part, scale)).toList();
    }

    private static List<BigInteger> integers(List<BigDecimal> weights) {
        if (weights.stream().allMatch(weight -> weight.signum() == 0)) {
            return weights.stream().map(weight -> BigInteger.ONE).toList();
        }
        int scale = weights.stream().mapToInt(BigDecimal::scale).max().orElseThrow();
        return weights.stream().map(weight -> weight.setScale(scale).unscaledValue()).toList();
    }
}
