package io.meterhub.site;

import java.util.List;

/** What became of a site file: taken as a whole, or not at all. */
public sealed interface ImportResult {

    /**
     * @param missing            what the hub has and the file does not: left as it is
     * @param beginWithoutCredit accounts that were opened and have no credit: their shops are switched off once their meters
     *                           are read, unless somebody sells to them first
     * @param inOtherNames       open accounts that are not in the name of the shop's tenant in the file: the tenant neither sees nor pays into
     *                           them before they are moved to this name or, if it is the same tenant, the file has the former name or phone
     */
    record Imported(Site site, Counts gateways, Counts shops, Counts meters, List<Missing> missing, int beginWithoutCredit,
                    List<InOtherName> inOtherNames) implements ImportResult {

        /** Whether the same file had been taken before. */
        public boolean nothingChanged() {
            return gateways.nothingChanged() && shops.nothingChanged() && meters.nothingChanged();
        }
    }

    /** Nothing was taken. */
    record Refused(List<SiteSheet.Problem> problems) implements ImportResult {
    }

    /** Rows of one sheet. */
    record Counts(int added, int updated, int unchanged) {

        boolean nothingChanged() {
            return added == 0 && updated == 0;
        }
    }

    /** Something that is in the hub and not in the file, {@code sheet} being where it would stand. */
    record Missing(String sheet, String code, String name) {
    }

    /** An open account of a shop that is in another name than the {@code tenant} in the file has. */
    record InOtherName(String shop, String account, String name, String tenant) {
    }
}
